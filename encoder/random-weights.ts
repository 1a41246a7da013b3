import { tensor } from '@tensorflow/tfjs-core';
import { drawAt, seedAt } from '../tensor/chance.js';
import { type Parameter, parameter } from '../tensor/parameter.js';

// What transformers begins all of these architectures with, by its configs' default.
const deviation = 0.02;

/**
 * New weights: matrices and tables normally distributed around 0, norms' gains 1, biases 0. Each is a function of the
 * seed and its name.
 */
export function randomWeights(shapes: ReadonlyMap<string, readonly number[]>, seed: number): Parameter[] {
  return [...shapes].map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = shape.length > 1 ? normals(size, seedAt(seed, name)) : new Float32Array(size);
    if (shape.length === 1 && name.endsWith('.weight')) values.fill(1);
    return parameter(name, tensor(values, [...shape], 'float32'));
  });
}

/** Box & Muller (1958): two uniform numbers make two normal ones. */
function normals(size: number, seed: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log((drawAt(seed, i) + 1) / 2 ** 32));
    const angle = (2 * Math.PI * drawAt(seed, i + 1)) / 2 ** 32;
    values[i] = radius * Math.cos(angle);
    if (i + 1 < size) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
