import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { hash32 } from '../../data/permutation.js';
import { type AttentionOptions, attention } from '../../tensor/attention/attention.js';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { backends } from '../support/backends.js';
import { largestDifference } from '../support/close.js';

const [heads, width, reach] = [4, 3, 7];
// Some sequences without tokens, one of them between two of one length.
const offsets = Int32Array.from([0, 0, 1, 6, 6, 11, 18, 18]);
const tokens = 18;

const cases: Record<string, Partial<AttentionOptions> & { biased?: true }> = {
  'to all': {},
  causal: { causal: true },
  'grouped queries': { kvHeads: 2 },
  'one head of keys, causal': { kvHeads: 1, causal: true },
  'a window': { window: [2, 1] },
  'a window to the left alone, causal': { window: [2, -1], causal: true, kvHeads: 2 },
  'a bias by distance': { biased: true },
  'a bias by distance, causal, in a window, grouped': { biased: true, causal: true, window: [3, 3], kvHeads: 2 },
};

type Values = Record<'q' | 'k' | 'v' | 'bias', Float64Array>;

function random(seed: number, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => Math.fround(hash32(seed, i) / 2 ** 31 - 1));
}

/** Attention by its definition, in float64. */
function reference(x: Values, given: (typeof cases)[string]): Float64Array {
  const { kvHeads = heads, causal = false, window: [left, right] = [-1, -1], biased } = given;
  const out = new Float64Array(tokens * heads * width);
  for (let s = 0; s + 1 < offsets.length; s++) {
    for (let i = offsets[s]!; i < offsets[s + 1]!; i++) {
      for (let h = 0; h < heads; h++) {
        const group = Math.floor(h / (heads / kvHeads));
        const at = (t: number): number => (t * kvHeads + group) * width;
        const weights: [number, number][] = [];
        for (let j = offsets[s]!; j < offsets[s + 1]!; j++) {
          if ((causal && j > i) || (left >= 0 && i - j > left) || (right >= 0 && j - i > right)) continue;
          let score = 0;
          for (let d = 0; d < width; d++) score += x.q[(i * heads + h) * width + d]! * x.k[at(j) + d]!;
          score /= Math.sqrt(width);
          if (biased) score += x.bias[(j - i + reach) * heads + h]!;
          weights.push([j, Math.exp(score)]);
        }
        const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
        for (const [j, weight] of weights) {
          for (let d = 0; d < width; d++) out[(i * heads + h) * width + d]! += (weight / total) * x.v[at(j) + d]!;
        }
      }
    }
  }
  return out;
}

/** Central differences of sum(reference · dy) in each number of x[key]. */
function slopes(x: Values, key: keyof Values, dy: Float64Array, given: (typeof cases)[string]): Float64Array {
  const dot = (): number => reference(x, given).reduce((sum, value, i) => sum + value * dy[i]!, 0);
  return x[key].map((value, i) => {
    const ends = [1e-5, -1e-5].map((step) => {
      x[key][i] = value + step;
      return dot();
    });
    x[key][i] = value;
    return (ends[0]! - ends[1]!) / 2e-5;
  });
}

describe.each(backends)('attention on %s is its definition, and so are its gradients', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.keys(cases))('%s', (name) => {
    const given = cases[name]!;
    const { biased, kvHeads = heads, ...options } = given;
    const x: Values = {
      q: random(1, tokens * heads * width),
      k: random(2, tokens * kvHeads * width),
      v: random(3, tokens * kvHeads * width),
      bias: random(4, (2 * reach + 1) * heads),
    };
    const dy = random(5, tokens * heads * width);
    const before = liveTensors();
    const load = (values: Float64Array, rows: number) =>
      tensor2d(Float32Array.from(values), [rows, values.length / rows]);
    const [q, k, v] = [load(x.q, tokens), load(x.k, tokens), load(x.v, tokens)] as const;
    const bias = load(x.bias, 2 * reach + 1);
    const upstream = load(dy, tokens);
    const made = gradients(
      () => attention(q, k, v, { heads, kvHeads, width, offsets, ...options, ...(biased ? { bias } : {}) }),
      biased ? [q, k, v, bias] : [q, k, v],
      upstream,
    );
    expect(largestDifference(made.value.dataSync(), reference(x, given))).toBeLessThan(1e-5);
    const keys = ['q', 'k', 'v', 'bias'] as const;
    made.gradients.forEach((gradient, i) => {
      const wanted = slopes(x, keys[i]!, dy, given);
      expect(largestDifference((gradient as Tensor).dataSync(), wanted), keys[i]).toBeLessThan(2e-5);
    });
    for (const t of [q, k, v, bias, upstream, made.value, ...made.gradients]) t?.dispose();
    expect(liveTensors()).toEqual(before);
  });
});
