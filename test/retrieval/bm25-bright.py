# Writes bm25-bright.json, what bm25.test.ts compares with: BRIGHT's BM25, which is gensim's LuceneBM25Model on both sides
# (gensim 4.4.0). The words are such as the analyzer leaves alone, so that whitespace cuts them alike.
#   python test/retrieval/bm25-bright.py > test/retrieval/bm25-bright.json
import json
import random

from gensim.corpora import Dictionary
from gensim.models import LuceneBM25Model
from gensim.similarities import SparseMatrixSimilarity

random.seed(3)
words = [a + b + c for a in "bdfgk" for b in "aou" for c in "bdgkm"]
documents = [" ".join(random.choices(words, weights=[1 / (i + 1) for i in range(len(words))], k=random.randrange(3, 60))) for _ in range(40)]
documents.append("")
queries = [" ".join(random.choices(words, k=n)) for n in (1, 3, 8, 40)] + ["bab bab bab dad", "bab zzz"]
texts = [text.split() for text in documents]
dictionary = Dictionary(texts)
model = LuceneBM25Model(dictionary=dictionary, k1=0.9, b=0.4)
index = SparseMatrixSimilarity(
    model[list(map(dictionary.doc2bow, texts))], num_docs=len(texts), num_terms=len(dictionary),
    normalize_queries=False, normalize_documents=False,
)
scores = [index[model[dictionary.doc2bow(query.split())]].tolist() for query in queries]
print(json.dumps({"documents": documents, "queries": queries, "scores": scores}))
