"""Trains a small cross-encoder with sentence-transformers' model under a bare loop, to have one with sense at hand.

    python bench/train_cross_encoder.py examples/medquad FOLDER-OF-MiniLM OUT [seconds]

A question of the train split, its answer and two other documents drawn at random (labels 1, 0, 0); binary cross-entropy, the
first three layers, 48 tokens, one pass or as far as the seconds go.
"""

import gzip
import json
import random
import sys
import time
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder

collection, model, out, *rest = sys.argv[1:]
limit = float(rest[0]) if rest else 600
read = lambda name: [json.loads(line) for line in gzip.open(Path(collection, name), "rt")]
corpus = {one["_id"]: f'{one.get("title", "")} {one["text"]}'.strip() for one in read("corpus.jsonl.gz")}
queries = {one["_id"]: one["text"] for one in read("queries.jsonl.gz")}
judged = {}
for line in Path(collection, "qrels/train.tsv").read_text().splitlines()[1:]:
    query, document, grade = line.split("\t")
    if int(grade) > 0:
        judged.setdefault(query, []).append(document)

ids = list(corpus)
random.seed(17)
examples = []
for query, right in judged.items():
    wrong = [document for document in random.sample(ids, 2) if document not in right]
    examples += [(queries[query], corpus[d], 1.0) for d in right[:1]] + [(queries[query], corpus[d], 0.0) for d in wrong]
random.shuffle(examples)

torch.manual_seed(17)
encoder = CrossEncoder(model, num_labels=1, max_length=48, device="cpu")
encoder.model.bert.encoder.layer = encoder.model.bert.encoder.layer[:3]
encoder.model.config.num_hidden_layers = 3
encoder.train()
steps = len(examples) // 16
optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-4)
warm = lambda step: min((step + 1) / (0.1 * steps), max(0.05, (steps - step) / (0.9 * steps)))
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warm)
began, losses = time.perf_counter(), []
for step in range(steps):
    batch = examples[16 * step : 16 * step + 16]
    read_pairs = encoder.tokenizer(
        [q for q, _, _ in batch], [d for _, d, _ in batch], padding=True, truncation=True, max_length=48, return_tensors="pt"
    )
    logits = encoder.model(**read_pairs).logits.squeeze(-1)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor([y for _, _, y in batch]))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    optimizer.step(), schedule.step(), optimizer.zero_grad()
    losses.append(loss.item())
    if step % 10 == 9:
        print(f"step {step + 1}/{steps} loss {sum(losses[-10:]) / 10:.3f} {time.perf_counter() - began:.0f} s", flush=True)
    if time.perf_counter() - began > limit:
        break
encoder.save_pretrained(out)
