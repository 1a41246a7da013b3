import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hash32 } from '../../data/permutation.js';
import { disposeEncoder, type Encoder, embedPacked, loadEncoder } from '../../encoder/encoder.js';
import { type InfoNCE, infoNCE } from '../../loss/info-nce.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { batchGradients, type Differentiated } from '../../train/batch-gradients.js';
import type { Embed } from '../../train/grad-cache.js';
import { microBatches } from '../../train/micro-batches.js';
import { backends } from '../support/backends.js';
import { relativeError } from '../support/close.js';
import { writeTinyModel } from '../support/tiny.js';

interface Made {
  loss: number;
  gradients: tf.Tensor[];
}

const symmetric: InfoNCE = { temperature: 0.05, inBatch: true, symmetric: true, guards: [], debias: null };
const nothing = new Int32Array();
const unknown = { negatives: 1, scores: null, texts: { queries: nothing, documents: nothing }, guides: [] };

const tokensOf = (sequences: readonly Int32Array[]): number => sequences.reduce((sum, { length }) => sum + length, 0);

/** Sequences of 2 to 20 token ids, drawn from `seed`. */
function sequences(count: number, seed: number): Int32Array[] {
  return Array.from({ length: count }, (_, i) =>
    Int32Array.from({ length: 2 + (hash32(seed, i) % 19) }, (_, t) => 5 + (hash32(seed, i, t) % 50)),
  );
}

/** x times a constant y, with its gradient. */
function timesConstant(x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D {
  const times = tf.customGrad((given, save) => {
    (save as (kept: tf.Tensor[]) => void)([y]);
    return {
      value: tf.mul(given as tf.Tensor, y),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [tf.mul(dy, saved[0] as tf.Tensor)],
    };
  });
  return times(x) as tf.Tensor2D;
}

describe('micro-batches', () => {
  const side = sequences(64, 1);

  it.each([20, 50, 100, 333, 10_000])('of %i tokens hold every sequence once, and no more than that', (limit) => {
    const parts = microBatches(side, limit, [1]);
    expect(parts.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)).toEqual([...side.keys()]);
    for (const { rows, packed } of parts) {
      expect(packed.ids.length).toBe(tokensOf([...rows].map((row) => side[row]!)));
      expect(packed.ids.length).toBeLessThanOrEqual(limit);
    }
    expect(parts.length).toBeLessThanOrEqual(Math.ceil((1.5 * tokensOf(side)) / limit) + 1);
    expect(new Set(parts.map(({ seed }) => seed)).size).toBe(parts.length);
  });

  it('are even, and each holds neighbours in length', () => {
    const parts = microBatches(side, 200, [1]);
    const sizes = parts.map(({ packed }) => packed.ids.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(40);
    const ranges = parts.map(({ rows }) => [...rows].map((row) => side[row]!.length));
    ranges.slice(1).forEach((range, i) => {
      expect(Math.min(...range)).toBeGreaterThanOrEqual(Math.max(...ranges[i]!));
    });
  });

  it('hold a sequence that is longer than the limit alone', () => {
    const parts = microBatches([new Int32Array(3), new Int32Array(90), new Int32Array(2)], 10, [1]);
    expect(parts.map(({ rows }) => [...rows])).toEqual([[0, 2], [1]]);
  });
});

describe.each(backends)('GradCache on %s', (backend) => {
  let scratch: string;
  let encoder: Encoder;
  beforeAll(async () => {
    await useBackend(backend);
    scratch = mkdtempSync(join(tmpdir(), 'reasontune-cache-'));
    encoder = loadEncoder(writeTinyModel(scratch));
  });
  afterAll(() => {
    disposeEncoder(encoder);
    rmSync(scratch, { recursive: true });
  });

  const sides = (queries: number) => [sequences(queries, 2), sequences(2 * queries, 3)] as const;

  function go(limit: number, queries: number, other: Partial<Differentiated> = {}): Made {
    const what: Differentiated = {
      embed: (packed) => embedPacked(encoder, packed),
      skips: [1, 2],
      weights: encoder.parameters.map((p) => p.tensor),
      loss: (queries, documents) => infoNCE({ ...unknown, queries, documents }, symmetric),
      ...other,
    };
    const { loss, gradients } = batchGradients(what, sides(queries), { microBatchTokens: limit, seed: [17, 4] });
    return { loss, gradients: gradients as tf.Tensor[] };
  }

  function compare(one: Made, other: Made): void {
    expect(Math.abs(one.loss / other.loss - 1)).toBeLessThan(1e-5);
    one.gradients.forEach((gradient, i) => {
      const name = encoder.parameters[i]!.name;
      // A key bias moves every score of a row alike: its gradient is rounding alone.
      if (name.endsWith('key.bias')) return;
      const error = relativeError(gradient.dataSync(), other.gradients[i]!.dataSync());
      expect(error, name).toBeLessThan(1e-4);
    });
    tf.dispose([...one.gradients, ...other.gradients]);
  }

  it.each([20, 64, 300, 500])('in micro-batches of %i tokens gives the loss and gradients of one batch', (limit) => {
    const before = liveTensors();
    compare(go(limit, 12), go(Number.POSITIVE_INFINITY, 12));
    expect(liveTensors()).toEqual(before);
  });

  it('embeds once what fits into one micro-batch, twice what does not', () => {
    let calls = 0;
    const counted: Embed = (packed) => {
      calls++;
      return embedPacked(encoder, packed);
    };
    const tokens = tokensOf(sides(12).flat());
    tf.dispose(go(tokens, 12, { embed: counted }).gradients);
    expect(calls).toBe(2);
    calls = 0;
    tf.dispose(go(tokens - 1, 12, { embed: counted }).gradients);
    const parts = sides(12).reduce((sum, side) => sum + microBatches(side, tokens - 1, []).length, 0);
    expect(calls).toBe(2 * parts);
  });

  it('draws the same in both passes of a micro-batch, and another in the next', () => {
    const seeds: number[] = [];
    const noisy: Embed = (packed, seed) => {
      seeds.push(seed);
      const embedded = embedPacked(encoder, packed);
      const noise = tf.randomUniform(embedded.shape, 0.5, 1.5, 'float32', seed);
      return timesConstant(embedded, noise as tf.Tensor2D);
    };
    const { loss, gradients } = go(100, 12, { embed: noisy });
    const [first, second] = [seeds.slice(0, seeds.length / 2), seeds.slice(seeds.length / 2)];
    expect(second).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
    // The loss along the gradient: had the second pass drawn anew, it would not fall as the gradient says.
    const squares = gradients.reduce((sum, g) => sum + tf.tidy(() => tf.sum(tf.square(g)).dataSync()[0]!), 0);
    const step = 1e-3 / Math.sqrt(squares);
    const before = encoder.parameters.map((p) => p.tensor);
    encoder.parameters.forEach((p, i) => {
      p.tensor = tf.tidy(() => tf.keep(tf.sub(p.tensor, tf.mul(gradients[i]!, step))));
    });
    const moved = go(100, 12, { embed: noisy });
    expect((loss - moved.loss) / (step * squares)).toBeGreaterThan(0.9);
    expect((loss - moved.loss) / (step * squares)).toBeLessThan(1.1);
    tf.dispose([...gradients, ...moved.gradients, ...encoder.parameters.map((p) => p.tensor)]);
    encoder.parameters.forEach((p, i) => {
      p.tensor = before[i]!;
    });
  });

  it('takes no more memory for four times the batch', async () => {
    // A loss that takes no memory itself: the sum of all embeddings' numbers.
    const loss = tf.customGrad((q, d) => ({
      value: tf.add(tf.sum(q as tf.Tensor), tf.sum(d as tf.Tensor)) as tf.Scalar,
      gradFunc: () => [tf.fill((q as tf.Tensor).shape, 1), tf.fill((d as tf.Tensor).shape, 1)],
    })) as Differentiated['loss'];
    const peak = async (limit: number, queries: number): Promise<number> => {
      const before = liveTensors().bytes;
      const { peakBytes } = await tf.profile(() => {
        tf.dispose(go(limit, queries, { loss }).gradients);
      });
      return peakBytes - before;
    };
    const [small, large] = [await peak(200, 48), await peak(200, 192)];
    const embeddings = 192 * 3 * 16 * 4;
    expect(large).toBeLessThan(small + 4 * embeddings);
    expect(await peak(Number.POSITIVE_INFINITY, 192)).toBeGreaterThan(4 * large);
  });
});
