import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { hash32 } from '../../data/permutation.js';
import { infoNCE } from '../../loss/info-nce.js';
import { gradients } from '../../tensor/autograd.js';
import { useBackend } from '../../tensor/backend.js';
import { backends } from '../support/backends.js';
import { relativeError } from '../support/close.js';

const [queries, documents, width] = [1100, 2200, 8];
const temperature = 0.5;
const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => hash32(seed, i) / 2 ** 31 - 1);
const q = numbers(queries * width, 1);
const d = numbers(documents * width, 2);

/** The same in float64 and plain loops, all scores at once. */
function reference(): { value: number; query: Float64Array; document: Float64Array } {
  const [query, document] = [new Float64Array(q.length), new Float64Array(d.length)];
  let value = 0;
  const dot = (i: number, j: number): number => {
    let sum = 0;
    for (let w = 0; w < width; w++) sum += q[i * width + w]! * d[j * width + w]!;
    return sum / temperature;
  };
  for (let i = 0; i < queries; i++) {
    const powers = Float64Array.from({ length: documents }, (_, j) => Math.exp(dot(i, j)));
    const total = powers.reduce((a, b) => a + b, 0);
    value += (Math.log(total) - dot(i, i)) / queries;
    powers.forEach((power, j) => {
      const slope = (power / total - (i === j ? 1 : 0)) / (temperature * queries);
      for (let w = 0; w < width; w++) {
        query[i * width + w]! += slope * d[j * width + w]!;
        document[j * width + w]! += slope * q[i * width + w]!;
      }
    });
  }
  return { value, query, document };
}

describe.each(backends)('InfoNCE of more scores than are held at once, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('is exact, and never holds the whole score matrix', async () => {
    const [x, y] = [tf.tensor2d(q, [queries, width]), tf.tensor2d(d, [documents, width])];
    const rest = {
      negatives: 1,
      scores: null,
      texts: { queries: new Int32Array(), documents: new Int32Array() },
      guides: [],
    };
    let made: ReturnType<typeof gradients<tf.Scalar>> | null = null;
    const { kernels } = await tf.profile(() => {
      made = gradients(
        () =>
          infoNCE(
            { ...rest, queries: x, documents: y },
            { temperature, inBatch: true, symmetric: false, guards: [], debias: null },
          ),
        [x, y],
      );
    });
    const { value, gradients: got } = made as unknown as { value: tf.Scalar; gradients: tf.Tensor[] };
    const sizes = kernels.flatMap(({ outputShapes }) => (outputShapes as number[][]).map(tf.util.sizeFromShape));
    expect(Math.max(...sizes)).toBeLessThan((queries * documents) / 2);
    const wanted = reference();
    expect(Math.abs((value.dataSync()[0] as number) / wanted.value - 1)).toBeLessThan(1e-5);
    expect(relativeError(got[0]!.dataSync(), wanted.query)).toBeLessThan(1e-5);
    expect(relativeError(got[1]!.dataSync(), wanted.document)).toBeLessThan(1e-5);
    tf.dispose([x, y, value, ...got]);
  });
});
