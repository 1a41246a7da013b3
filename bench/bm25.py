# bm25s on the same texts, for bm25.mjs: tokenizing counts, as it does there.
import json
import sys
import time

import bm25s
import Stemmer

job = json.load(sys.stdin)
stemmer = Stemmer.Stemmer("english")
began = time.perf_counter()
index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
index.index(bm25s.tokenize(job["texts"], stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
indexing = time.perf_counter() - began
began = time.perf_counter()
asked = bm25s.tokenize(job["queries"], stopwords="en", stemmer=stemmer, show_progress=False)
index.retrieve(asked, k=job["k"], n_threads=1, show_progress=False)
print(json.dumps({"indexing": indexing, "search": time.perf_counter() - began}))
