import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useBackend } from '../../tensor/backend.js';
import { largestDifference } from '../support/close.js';

// Plain tfjs calls, against tfjs's own wasm backend.
const a = [0.5, -1.5, 2, 0.25, 3, -0.75];
const b = [1.5, 0.5, -2, 4, 0.1, 0.75];
const make = (): { x: tf.Tensor2D; y: tf.Tensor2D; p: tf.Tensor2D; ids: tf.Tensor1D } => ({
  x: tf.tensor2d(a, [2, 3]),
  y: tf.tensor2d(b, [2, 3]),
  p: tf.tensor2d(
    a.map((v) => Math.abs(v) + 0.1),
    [2, 3],
  ),
  ids: tf.tensor1d([1, 0, 1], 'int32'),
});
type Given = ReturnType<typeof make>;

const calls: Record<string, (given: Given) => tf.Tensor> = {
  abs: ({ x }) => tf.abs(x),
  exp: ({ x }) => tf.exp(x),
  log: ({ p }) => tf.log(p),
  neg: ({ x }) => tf.neg(x),
  sqrt: ({ p }) => tf.sqrt(p),
  rsqrt: ({ p }) => tf.rsqrt(p),
  square: ({ x }) => tf.square(x),
  erf: ({ x }) => tf.erf(x),
  tanh: ({ x }) => tf.tanh(x),
  sigmoid: ({ x }) => tf.sigmoid(x),
  relu: ({ x }) => tf.relu(x),
  step: ({ x }) => tf.step(x),
  add: ({ x, y }) => tf.add(x, y),
  sub: ({ x, y }) => tf.sub(x, y),
  mul: ({ x, y }) => tf.mul(x, y),
  div: ({ x, y }) => tf.div(x, y),
  maximum: ({ x, y }) => tf.maximum(x, y),
  minimum: ({ x, y }) => tf.minimum(x, y),
  broadcast: ({ x }) => tf.add(x, tf.tensor1d([1, 2, 3])),
  equal: ({ x }) => tf.equal(x, 2),
  notEqual: ({ x }) => tf.notEqual(x, 2),
  greater: ({ x, y }) => tf.greater(x, y),
  greaterEqual: ({ x, y }) => tf.greaterEqual(x, y),
  less: ({ x, y }) => tf.less(x, y),
  lessEqual: ({ x, y }) => tf.lessEqual(x, y),
  sum: ({ x }) => tf.sum(x),
  'sum by rows': ({ x }) => tf.sum(x, 1, true),
  'sum by columns': ({ x }) => tf.sum(x, 0),
  mean: ({ x }) => tf.mean(x, -1),
  max: ({ x }) => tf.max(x, 1),
  'max of all': ({ x }) => tf.max(x),
  softmax: ({ x }) => tf.softmax(x),
  logSumExp: ({ x }) => tf.logSumExp(x, 1, true),
  cast: ({ x }) => tf.cast(x, 'int32'),
  'cast from int32': ({ ids }) => tf.cast(ids, 'float32'),
  reshape: ({ x }) => tf.reshape(x, [3, 2]),
  expandDims: ({ x }) => tf.expandDims(x, 1),
  transpose: ({ x }) => tf.transpose(x),
  slice: ({ x }) => tf.slice(x, [0, 1], [-1, 2]),
  split: ({ x }) => tf.split(x, 3, 1)[1] as tf.Tensor,
  'split by sizes': ({ x }) => tf.split(x, [1, 2], 1)[1] as tf.Tensor,
  pad: ({ x }) =>
    tf.pad(x, [
      [1, 0],
      [0, 2],
    ]),
  concat: ({ x, y }) => tf.concat([x, y], 1),
  stack: ({ x, y }) => tf.stack([x, y], 1),
  tile: ({ x }) => tf.tile(x, [2, 1]),
  fill: () => tf.fill([2, 2], 7),
  zerosLike: ({ x }) => tf.zerosLike(x),
  onesLike: ({ x }) => tf.onesLike(x),
  matMul: ({ x, y }) => tf.matMul(x, y, false, true),
  'matMul transposed': ({ x, y }) => tf.matMul(x, y, true, false),
  'matMul of batches': ({ x, y }) => tf.matMul(tf.reshape(x, [2, 1, 3]), tf.reshape(y, [2, 3, 1])),
  gather: ({ x, ids }) => tf.gather(x, ids),
  unsortedSegmentSum: ({ x, ids }) => tf.unsortedSegmentSum(x, tf.slice(ids, 0, 2) as tf.Tensor1D, 3),
  where: ({ x, y }) => tf.where(tf.greater(x, y), x, y),
  clone: ({ x }) => tf.clone(x),
};

describe.each(['torch', 'tensorflow'] as const)('tfjs calls on %s give what they give on wasm', (backend) => {
  it.each(Object.keys(calls))('%s', async (name) => {
    const run = (): { shape: number[]; dtype: string; values: Float32Array } =>
      tf.tidy(() => {
        const made = (calls[name] as (given: Given) => tf.Tensor)(make());
        return { shape: made.shape, dtype: made.dtype, values: Float32Array.from(made.dataSync()) };
      });
    await useBackend('wasm');
    const wanted = run();
    await useBackend(backend);
    const got = run();
    expect(got.shape).toEqual(wanted.shape);
    expect(got.dtype).toBe(wanted.dtype);
    expect(largestDifference(got.values, wanted.values)).toBeLessThan(1e-6);
  });
});

it('sums segments on wasm, which has no kernel of tfjs for it: values of one id together, ids outside left out', async () => {
  await useBackend('wasm');
  const sums = tf.tidy(() => {
    const rows = tf.tensor3d([1, 2, 3, 4, 10, 20, 30, 40, 0.5, 0.5, 0.5, 0.5, 7, 7, 7, 7, 9, 9, 9, 9], [5, 2, 2]);
    const made = tf.unsortedSegmentSum(rows, tf.tensor1d([2, 0, 2, -1, 3], 'int32'), 3);
    expect(made.shape).toEqual([3, 2, 2]);
    return [...made.dataSync()];
  });
  expect(sums).toEqual([10, 20, 30, 40, 0, 0, 0, 0, 1.5, 2.5, 3.5, 4.5]);
});
