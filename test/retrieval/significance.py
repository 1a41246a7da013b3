# Writes significance.json, what significance.test.ts compares with (scipy 1.17.1, numpy 2.4.6):
#   python test/retrieval/significance.py > test/retrieval/significance.json
# Up to 18 values scipy counts every assignment of signs; above it samples 99,999, as its bootstrap does always.
import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(5)
cases = []
for n, shift, coarse in [(8, 0.1, False), (12, 0.15, True), (18, 0.05, False), (40, 0.1, False), (200, 0.02, True), (300, 0.0, False)]:
    d = rng.uniform(-0.5, 0.5, n) + shift
    d = np.round(np.round(d, 1) if coarse else d, 6)  # coarse: with ties and zeros, as measures have
    test = stats.permutation_test(
        (d,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", vectorized=True,
        n_resamples=np.inf if n <= 18 else 99_999, alternative="two-sided", rng=np.random.default_rng(1),
    )
    interval = stats.bootstrap(
        (d,), np.mean, method="percentile", n_resamples=99_999, vectorized=True, axis=-1,
        rng=np.random.default_rng(2), batch=2000,
    ).confidence_interval
    cases.append({"differences": d.tolist(), "p": float(test.pvalue), "interval": [float(interval.low), float(interval.high)]})
print(json.dumps(cases))
