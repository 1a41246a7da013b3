# torch's matmul and topk, for search.mjs: documents in blocks, the best so far merged with each block's.
import json
import sys
import time

import numpy as np
import torch

folder, queries, documents, width, k = sys.argv[1], *map(int, sys.argv[2:])
values = torch.from_numpy(np.fromfile(f"{folder}/vectors", dtype=np.float32))
asked, held = values[: queries * width].view(queries, width), values[queries * width :].view(documents, width)
began = time.perf_counter()
best, ids = torch.empty(queries, 0), torch.empty(queries, 0, dtype=torch.long)
for first in range(0, documents, 65536):
    scores = asked @ held[first : first + 65536].T
    some, places = scores.topk(min(k, scores.shape[1]), dim=1)
    best, ids = torch.cat([best, some], 1), torch.cat([ids, places + first], 1)
    best, order = best.topk(min(k, best.shape[1]), dim=1)
    ids = ids.gather(1, order)
print(json.dumps({"seconds": time.perf_counter() - began, "top": ids[:, :10].tolist()}))
