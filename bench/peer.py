"""The peer: sentence-transformers doing the same work. Reads one JSON job from standard input, prints one JSON result.

    {"job": "train", "model": folder, "pairs": [[query, document], ...], "batch_size": 32, "max_length": 256,
     "learning_rate": 2e-5, "scale": 20, "precision": "float32" | "bfloat16"}
        -> {"seconds_by_step": [...], "loss_by_step": [...]}
    {"job": "encode", "model": folder, "texts": [...], "batch_size": 32, "max_length": 256, "precision": ...}
        -> {"seconds": ...}
    {"job": "embed", "model": folder, "texts": [...], "max_length": 256} -> {"embeddings": [[...]]}
    {"job": "pairs", "model": folder, "pairs": [[first, second], ...], "batch_size": 32, "max_length": 512}
        -> {"seconds": ..., "scores": [logit, ...]}
    {"job": "cached", ...as train, "mini_batch_size": 32} -> {"peak_bytes": ..., "loss_by_step": [...]}
"""

import json
import resource
import sys
import time
from contextlib import nullcontext

import torch
from sentence_transformers import SentenceTransformer


def load(job):
    model = SentenceTransformer(job["model"], device="cpu")
    model.max_seq_length = job["max_length"]
    return model


def autocast(job):
    """What bf16=True of sentence-transformers' trainer does."""
    return torch.autocast("cpu", dtype=torch.bfloat16) if job.get("precision") == "bfloat16" else nullcontext()


def embed(job):
    model = load(job)
    return {"embeddings": model.encode(job["texts"], batch_size=32, show_progress_bar=False).tolist()}


def encode(job):
    """model.encode sorts by length by itself; in bfloat16 the weights are bfloat16, as its users do for speed."""
    model = load(job)
    if job.get("precision") == "bfloat16":
        model = model.bfloat16()
    model.encode(job["texts"][:64], batch_size=job["batch_size"], show_progress_bar=False)
    began = time.perf_counter()
    model.encode(job["texts"], batch_size=job["batch_size"], show_progress_bar=False)
    return {"seconds": time.perf_counter() - began}


def pairs(job):
    """CrossEncoder.predict, which sorts by length by itself; logits, so that they can be compared."""
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(job["model"], max_length=job["max_length"], device="cpu", activation_fn=torch.nn.Identity())
    asked = [tuple(pair) for pair in job["pairs"]]
    model.predict(asked[:32], batch_size=job["batch_size"], show_progress_bar=False)
    began = time.perf_counter()
    scores = model.predict(asked, batch_size=job["batch_size"], show_progress_bar=False)
    return {"seconds": time.perf_counter() - began, "scores": scores.tolist()}


def train(job):
    """In-batch InfoNCE with AdamW, no dropout: sentence-transformers' model and tokenizer under a bare loop, so that
    nothing but the step itself is timed."""
    model = load(job)
    model.eval()  # no dropout
    optimizer = torch.optim.AdamW(model.parameters(), lr=job["learning_rate"], weight_decay=0.0, fused=True)
    losses, seconds, size = [], [], job["batch_size"]
    for start in range(0, len(job["pairs"]), size):
        batch = job["pairs"][start : start + size]
        sides = [model.tokenize([pair[side] for pair in batch]) for side in (0, 1)]
        began = time.perf_counter()
        with autocast(job):
            queries, documents = (
                torch.nn.functional.normalize(model(features)["sentence_embedding"]) for features in sides
            )
        scores = job["scale"] * queries.float() @ documents.float().T
        loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(batch)))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - began)
        losses.append(loss.item())
    return {"seconds_by_step": seconds, "loss_by_step": losses}


def cached(job):
    """GradCache as sentence-transformers has it: CachedMultipleNegativesRankingLoss."""
    from sentence_transformers.losses import CachedMultipleNegativesRankingLoss

    model = load(job)
    model.eval()
    loss_of = CachedMultipleNegativesRankingLoss(model, scale=job["scale"], mini_batch_size=job["mini_batch_size"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=job["learning_rate"], weight_decay=0.0, fused=True)
    losses, size = [], job["batch_size"]
    for start in range(0, len(job["pairs"]), size):
        batch = job["pairs"][start : start + size]
        sides = [model.tokenize([pair[side] for pair in batch]) for side in (0, 1)]
        with autocast(job):
            loss = loss_of(sides, None)
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "loss_by_step": losses}


job = json.load(sys.stdin)
torch.manual_seed(17)
made = {"embed": embed, "encode": encode, "train": train, "cached": cached, "pairs": pairs}[job["job"]](job)
json.dump(made, sys.stdout)
