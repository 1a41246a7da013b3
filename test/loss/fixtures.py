"""Losses and gradients by PyTorch's autograd in float64, one query at a time, as the papers write them.

python3 test/loss/fixtures.py > test/loss/fixtures.json     (needs torch and nothing else)
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(17)
queries, negatives, width = 6, 2, 5
inputs = {
    "query": torch.randn(queries, width),
    "document": torch.randn(queries * (1 + negatives), width),
    "guide_query": torch.randn(queries, 4),
    "guide_document": torch.randn(queries * (1 + negatives), 4),
    "scores": 3 * torch.randn(queries, 1 + negatives),
}
inputs = {name: (x * 1000).round().double() / 1000 for name, x in inputs.items()}
# Documents 2 and 4 are of one text, and hard negative 9 is the positive of query 1; queries 0 and 5 are of one text.
query_texts = [0, 1, 2, 3, 4, 0]
document_texts = [0, 1, 2, 3, 2, 5, 6, 7, 8, 1, 10, 11, 12, 13, 14, 15, 16, 17]


def owner(document):
    return document if document < queries else (document - queries) // negatives


def weight(score, positive, ratio=None, margin=None, softness=None):
    bound = positive * ratio if ratio is not None else positive + margin
    if softness is not None:
        return 1 - torch.sigmoid((score - bound) / softness)
    return torch.as_tensor(float(score < bound if ratio is not None else score <= bound))


def one_way(anchors, candidates, anchor_texts, candidate_texts, guide, options):
    """The mean loss of anchors that look for their positives: the candidate of the same place."""
    guides = F.normalize(guide[0], dim=1), F.normalize(guide[1], dim=1)
    losses = []
    for i, anchor in enumerate(anchors):
        score = candidates @ anchor
        weights = []
        for j in range(len(candidates)):
            w = torch.ones((), dtype=torch.float64)
            if j != i:
                if options.get("own") and owner(j) != i:
                    w = w * 0
                if options.get("same_text"):
                    same_query = j < len(anchors) and anchor_texts[j] == anchor_texts[i]
                    if candidate_texts[j] == candidate_texts[i] or same_query:
                        w = w * 0
                if "margin" in options:
                    w = w * weight(score[j], score[i], **options["margin"]).detach()
                if "mask" in options:
                    w = w * weight(score[j], options["mask"]["above"], 1, None, options["mask"].get("softness")).detach()
                if "guide" in options:
                    scored = guides[1] @ guides[0][i]
                    w = w * weight(scored[j], scored[i], **options["guide"])
            weights.append(w)
        weights = torch.stack(weights)
        t = options.get("temperature", 0.3)
        powers = weights * torch.exp(score / t)
        positive = powers[i]
        others = powers.sum() - positive
        if "debias" in options:
            # Chuang et al. 2020, https://github.com/chingyaoc/DCL: Ng = (-tau * N * pos + neg) / (1 - tau), clamped.
            n, tau = weights.sum() - 1, options["debias"]
            others = torch.maximum((others - tau * n * positive) / (1 - tau), n * torch.exp(torch.tensor(-1 / t)))
        losses.append(-torch.log(positive / (positive + others)))
    return torch.stack(losses).mean()


def info_nce(q, d, options):
    q, d = F.normalize(q, dim=1), F.normalize(d, dim=1)
    guide = inputs["guide_query"], inputs["guide_document"]
    forward = one_way(q, d, query_texts, document_texts, guide, options)
    if not options.get("symmetric"):
        return forward
    guide = guide[1][:queries], guide[0]
    return (forward + one_way(d[:queries], q, document_texts[:queries], query_texts, guide, options)) / 2


def distill(q, d, temperature, teacher_temperature):
    q, d = F.normalize(q, dim=1), F.normalize(d, dim=1)
    documents = torch.cat([d[:queries, None], d[queries:].view(queries, negatives, width)], 1)
    student = torch.log_softmax(torch.einsum("qw,qdw->qd", q, documents) / temperature, 1)
    teacher = torch.softmax(inputs["scores"] / teacher_temperature, 1)
    return F.kl_div(student, teacher, reduction="batchmean")


cases = {
    "same text": {"same_text": True},
    "same text, both ways": {"same_text": True, "symmetric": True},
    "margin, softly": {"margin": {"margin": -0.2, "softness": 0.1}},
    "ratio, softly, own documents": {"margin": {"ratio": 0.5, "softness": 0.3}, "own": True},
    "score mask, both ways": {"mask": {"above": 0.2}, "symmetric": True},
    "score mask, softly": {"mask": {"above": 0.1, "softness": 0.15}},
    "guide by ratio": {"guide": {"ratio": 0.8}},
    "all guards, both ways": {
        "same_text": True,
        "margin": {"margin": 0.1},
        "guide": {"margin": 0.05, "softness": 0.2},
        "symmetric": True,
    },
    "debiased": {"debias": 0.1},
    "debiased to the floor": {"debias": 0.4, "temperature": 0.1},
    "debiased with guards, both ways": {
        "debias": 0.05,
        "same_text": True,
        "margin": {"ratio": 0.9, "softness": 0.2},
        "symmetric": True,
    },
    "debiased, own documents": {"debias": 0.02, "own": True},
}
losses = {name: lambda q, d, o=options: info_nce(q, d, o) for name, options in cases.items()}
losses["distill"] = lambda q, d: distill(q, d, 0.3, 1.0)
losses["distill, softer teacher"] = lambda q, d: distill(q, d, 0.05, 4.0)

results = {}
for name, loss in losses.items():
    q, d = inputs["query"].clone().requires_grad_(), inputs["document"].clone().requires_grad_()
    value = loss(q, d)
    value.backward()
    results[name] = {"value": value.item(), "query": q.grad.tolist(), "document": d.grad.tolist()}
fixtures = {
    "inputs": {name: x.tolist() for name, x in inputs.items()},
    "texts": {"queries": query_texts, "documents": document_texts},
    "losses": results,
}
print(json.dumps(fixtures))
