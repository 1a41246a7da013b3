// How long a comparison takes: 10,000 permutations and 10,000 resamples of 1,000 queries.
//   node bench/significance.mjs
// Exits with 1 when the test takes a second or more.
import { bootstrapInterval, randomizationTest } from '../dist/retrieval/significance.js';

const differences = Array.from({ length: 1000 }, (_, i) => Math.sin(i * i) + 0.02);
const timed = (name, work) => {
  const began = performance.now();
  const made = work();
  const seconds = (performance.now() - began) / 1000;
  console.log(`${name}: ${seconds.toFixed(2)} s, ${JSON.stringify(made)}`);
  return seconds;
};
const seconds = timed('10,000 permutations × 1,000 queries', () => randomizationTest(differences));
timed('10,000 resamples × 1,000 queries', () => bootstrapInterval(differences));
process.exitCode = seconds < 1 ? 0 : 1;
