"""The peer: sentence-transformers on the same texts. Reads one JSON job from standard input, prints one JSON result.

    {"job": "embed", "model": folder, "texts": [...], "max_length": 256}    -> {"embeddings": [[...]]}
    {"job": "train", "model": folder, "pairs": [[query, document], ...], "batch_size": 32, "max_length": 256,
     "learning_rate": 2e-5, "scale": 20}                                    -> {"seconds_by_step": [...], "loss_by_step": [...]}
"""

import json
import sys
import time

import torch
from sentence_transformers import SentenceTransformer


def embed(job):
    model = SentenceTransformer(job["model"], device="cpu")
    model.max_seq_length = job["max_length"]
    return {"embeddings": model.encode(job["texts"], batch_size=32, show_progress_bar=False).tolist()}


def train(job):
    """In-batch InfoNCE with AdamW, no dropout: sentence-transformers' model and tokenizer under a bare loop, so that
    nothing but the step itself is timed."""
    model = SentenceTransformer(job["model"], device="cpu")
    model.max_seq_length = job["max_length"]
    model.eval()  # no dropout
    optimizer = torch.optim.AdamW(model.parameters(), lr=job["learning_rate"], weight_decay=0.0, fused=True)
    losses, seconds, size = [], [], job["batch_size"]
    for start in range(0, len(job["pairs"]), size):
        batch = job["pairs"][start : start + size]
        sides = [model.tokenize([pair[side] for pair in batch]) for side in (0, 1)]
        began = time.perf_counter()
        queries, documents = (
            torch.nn.functional.normalize(model(features)["sentence_embedding"]) for features in sides
        )
        loss = torch.nn.functional.cross_entropy(job["scale"] * queries @ documents.T, torch.arange(len(batch)))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - began)
        losses.append(loss.item())
    return {"seconds_by_step": seconds, "loss_by_step": losses}


job = json.load(sys.stdin)
json.dump({"embed": embed, "train": train}[job["job"]](job), sys.stdout)
