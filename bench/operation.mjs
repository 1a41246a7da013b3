// What the backend costs for one operation, on numbers too few to matter: add of two [4, 4] through tfjs on torch.
//   OMP_NUM_THREADS=1 node bench/operation.mjs
// Prints microseconds an operation, the median of 15 rounds: without a tape, and forward and backward with one.
import * as tf from '@tensorflow/tfjs-core';
import { gradients } from '../dist/tensor/autograd.js';
import { useBackend } from '../dist/tensor/backend.js';

const [rounds, operations] = [15, 2000];
const backend = await useBackend('torch');
// tfjs-core ships its gradients unregistered; this one is as cheap as they come.
tf.registerGradient({ kernelName: 'Add', gradFunc: (dy) => ({ a: () => dy.clone(), b: () => dy.clone() }) });

function median(work) {
  const times = Array.from({ length: rounds }, () => {
    const began = performance.now();
    work();
    return ((performance.now() - began) * 1000) / operations;
  });
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)];
}

const x = tf.ones([4, 4]);
const w = tf.ones([4, 4]);
const handle = tf.backend().handle(x);
const { addon } = tf.backend();

const chain = () => {
  let y = w;
  for (let i = 0; i < operations; i++) y = tf.add(y, x);
  return y;
};
const rows = {
  'libtorch through the addon, add and release': () => {
    for (let i = 0; i < operations; i++) addon.release(addon.call('aten::add.Tensor', [handle, handle]));
  },
  'tf.add and dispose': () => {
    for (let i = 0; i < operations; i++) tf.add(x, x).dispose();
  },
  'tf.add within tidy': () => tf.tidy(() => void chain()),
  'tf.add forward and backward': () => {
    const { value, gradients: made } = gradients(chain, [w]);
    tf.dispose([value, ...made]);
  },
};
console.log(backend.description);
for (const [name, work] of Object.entries(rows)) {
  for (let i = 0; i < 5; i++) work();
  console.log(`${median(work).toFixed(2).padStart(7)} µs  ${name}`);
}
