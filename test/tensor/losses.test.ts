import { readFileSync } from 'node:fs';
import { concat, type Tensor, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type HostTensor, readSafetensors } from '../../encoder/safetensors.js';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { type InfoNCE, infoNCE } from '../../tensor/info-nce.js';
import { normalize } from '../../tensor/normalize.js';
import { largestDifference } from '../support/close.js';
import { hasShared, shared } from '../support/shared.js';

interface Case extends InfoNCE {
  readonly negatives: boolean;
  readonly cosine: boolean;
}

const cases = {
  'in_batch.T0.05': { temperature: 0.05, inBatch: true, symmetric: false, negatives: false, cosine: true },
  'in_batch.symmetric.T0.05': { temperature: 0.05, inBatch: true, symmetric: true, negatives: false, cosine: true },
  'hard_negatives.T0.02': { temperature: 0.02, inBatch: true, symmetric: false, negatives: true, cosine: true },
  'hard_negatives_only.T0.05': { temperature: 0.05, inBatch: false, symmetric: false, negatives: true, cosine: true },
  'hard_negatives.dot.T1': { temperature: 1, inBatch: true, symmetric: false, negatives: true, cosine: false },
} satisfies Record<string, Case>;

describe.skipIf(!hasShared).each(['torch', 'wasm'] as const)('InfoNCE on %s equals the reference', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.entries(cases))('%s', (name, { negatives, cosine, ...options }) => {
    const file = readSafetensors(shared('oracles', 'losses.safetensors'));
    const values = JSON.parse(readFileSync(shared('oracles', 'losses.json'), 'utf8')) as Record<string, number>;
    const before = liveTensors().tensors;
    const load = (key: string): Tensor2D => {
      const { values, shape } = file.get(key) as HostTensor;
      return tensor2d(values, [values.length / (shape.at(-1) as number), shape.at(-1) as number]);
    };
    const xs = [load('query'), load('positive'), ...(negatives ? [load('negatives')] : [])];
    const unit = (x: Tensor2D): Tensor2D => (cosine ? normalize(x) : x);
    const d = negatives ? concat(xs.slice(1)) : (xs[1] as Tensor2D).clone();
    const made = gradients(() => infoNCE(unit(xs[0] as Tensor2D), unit(d), options), [xs[0] as Tensor, d]);
    expect(Math.abs((made.value.dataSync()[0] as number) - (values[name] as number))).toBeLessThan(1e-5);
    const [dq, dd] = made.gradients.map((g) => (g as Tensor).dataSync());
    expect(largestDifference(dq!, file.get(`${name}.grad.query`)!.values)).toBeLessThan(1e-5);
    const positives = file.get(`${name}.grad.positive`)!.values;
    expect(largestDifference(dd!.slice(0, positives.length), positives)).toBeLessThan(1e-5);
    if (negatives) {
      expect(largestDifference(dd!.slice(positives.length), file.get(`${name}.grad.negatives`)!.values)).toBeLessThan(
        1e-5,
      );
    }
    for (const t of [...xs, d, made.value, ...made.gradients]) t?.dispose();
    expect(liveTensors().tensors).toBe(before);
  });
});
