import { matMul, randomNormal, type Tensor, type Tensor1D, type Tensor2D, tidy, zeros } from '@tensorflow/tfjs-core';
import { type InfoNCE, infoNCE } from '../loss/info-nce.js';
import type { BackendName } from '../plan/schema.js';
import { adamw, zeroMoments } from '../tensor/adamw.js';
import { attention } from '../tensor/attention/attention.js';
import { gradients } from '../tensor/autograd.js';
import { useBackend } from '../tensor/backend.js';
import { linear } from '../tensor/linear.js';
import { normalize } from '../tensor/normalize.js';
import { parameter } from '../tensor/parameter.js';
import { residual } from '../tensor/residual.js';

const plain: InfoNCE = { temperature: 0.05, inBatch: true, symmetric: false, guards: [], debias: null };
// A batch of which nothing is known besides its embeddings.
const alone = {
  negatives: 0,
  scores: null,
  texts: { queries: new Int32Array(), documents: new Int32Array() },
  guides: [],
};

// Two, of 6 and 10 tokens.
const sequences = Int32Array.from([0, 6, 16]);

/**
 * Trains one small layer with attention for ten steps on a backend, and says how fast its matrix product is. Throws when
 * the loss does not fall.
 */
export async function proveBackend(wanted: BackendName): Promise<string> {
  const backend = await useBackend(wanted);
  const texts = randomNormal([16, 32], 0, 1, 'float32', 17) as Tensor2D;
  const weights = [
    parameter('weight', randomNormal([32, 32], 0, 0.2, 'float32', 18)),
    parameter('bias', zeros([32])),
  ] as const;
  const moments = zeroMoments(weights);
  const losses: number[] = [];
  for (let step = 1; step <= 10; step++) {
    const { value, gradients: made } = gradients(
      () => {
        const x = linear(texts, weights[0].tensor as Tensor2D, weights[1].tensor as Tensor1D);
        const rows = normalize(residual(x, attention(x, x, x, { heads: 2, width: 16, offsets: sequences })));
        return infoNCE({ ...alone, queries: rows, documents: normalize(texts) }, plain);
      },
      weights.map(({ tensor }) => tensor),
    );
    losses.push(value.dataSync()[0] as number);
    adamw(weights, made as Tensor[], moments, { step, learningRate: 0.01, weightDecay: 0 }, 1);
    for (const tensor of [value, ...made]) tensor?.dispose();
  }
  for (const { tensor } of [...weights, ...moments.first, ...moments.second]) tensor.dispose();
  texts.dispose();
  const [first, last] = [losses[0] as number, losses.at(-1) as number];
  if (!(last < first)) throw new Error(`ten training steps took the loss from ${first} to ${last}`);
  return `${backend.description}: ten small steps took the loss from ${first.toFixed(2)} to ${last.toFixed(2)}; ${speed()} GFLOP/s`;
}

/** Speed of a product as an encoder's feed-forward layer has it, the best of five. */
function speed(): number {
  const [rows, inner, columns] = [1024, 384, 1536];
  return tidy(() => {
    const [a, b] = [randomNormal([rows, inner]), randomNormal([inner, columns])] as [Tensor2D, Tensor2D];
    const goes = Array.from({ length: 5 }, () => {
      const began = performance.now();
      matMul(a, b).dataSync();
      return (2 * rows * inner * columns) / (performance.now() - began) / 1e6;
    });
    return Math.round(Math.max(...goes));
  });
}
