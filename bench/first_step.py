"""The peer's way from a command to the end of its first training step: first_step.py MODEL PAIRS.jsonl"""

import json
import sys

import torch
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(sys.argv[1], device="cpu")
model.max_seq_length = 256
with open(sys.argv[2]) as lines:
    pairs = [json.loads(line) for line in lines][:32]
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, fused=True)
texts = [pair["query"] for pair in pairs], [pair["pos"][0] for pair in pairs]
queries, documents = (
    torch.nn.functional.normalize(model(model.tokenize(side))["sentence_embedding"]) for side in texts
)
loss = torch.nn.functional.cross_entropy(20 * queries @ documents.T, torch.arange(len(pairs)))
loss.backward()
optimizer.step()
print("step 1", loss.item(), flush=True)
