// Time and memory of planning a mixture of a million examples, and of a jump into it.
//   node --expose-gc bench/mixture.mjs [examples]
import { Deal } from '../dist/data/deal.js';
import { Mixture } from '../dist/data/mixture.js';

const examples = Number(process.argv[2] ?? 1_000_000);
const batchSize = 256;
globalThis.gc?.();
const before = process.memoryUsage().rss;
const began = performance.now();
const part = (name, share, weight) => ({ name, source: name, weight, pairs: { length: Math.round(examples * share) } });
const mixture = new Mixture([part('vl', 0.14, 14), part('hq', 0.06, 6), part('public', 0.8, 80)], {
  seed: 17,
  batchSize,
  batches: 'same-source',
});
const deal = new Deal({
  mixture,
  batchSize,
  seed: 17,
  textsOf: ({ part: k, pair }) => [k * 2e9 + pair, 1e9 + k * 2e9 + Math.floor(pair / 3)],
  lengthOf: ({ pair }) => (pair * 7919) % 512,
});
const steps = Math.ceil(mixture.size / batchSize);
deal.batch(steps - 1);
const jumped = performance.now();
let pairs = 0;
for (let step = 0; step < steps; step++) pairs += deal.batch(step).length;
const walked = performance.now();
const used = (process.memoryUsage().rss - before) / 2 ** 20;
console.log(`${examples.toLocaleString('en')} examples in ${steps} steps of ${batchSize}`);
console.log(`planned, and jumped to the last step  ${((jumped - began) / 1000).toFixed(2)} s`);
console.log(`all ${pairs.toLocaleString('en')} examples dealt           ${((walked - jumped) / 1000).toFixed(2)} s`);
console.log(`memory grown by                       ${used.toFixed(0)} MiB`);
