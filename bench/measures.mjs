// How long it takes to score a run of MS MARCO's size: 6,980 queries × 1,000 documents, five measures.
//   node bench/measures.mjs
// Exits with 1 when it takes a second or more.
import { evaluate, parseMeasure } from '../dist/retrieval/metrics.js';

const [queries, documents] = [6980, 1000];
let state = 1;
const chance = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const [run, qrels] = [new Map(), new Map()];
for (let q = 0; q < queries; q++) {
  const ranked = Array.from({ length: documents }, (_, i) => ({
    id: `${(q * 7919 + i * 104729) % 8841823}`,
    score: -i,
  }));
  run.set(`${q}`, ranked);
  qrels.set(
    `${q}`,
    new Map([
      [ranked[Math.floor(chance() * documents)].id, 1],
      [`no-${q}`, 1],
    ]),
  );
}
const names = ['nDCG@10', 'R@1000', 'RR@10', 'AP@1000', 'Judged@10'];
const measures = names.map((name) => parseMeasure(name));
const began = performance.now();
const scores = evaluate(run, qrels, measures);
const seconds = (performance.now() - began) / 1000;
console.log(names.map((name) => `${name} ${scores.get(name).mean.toFixed(4)}`).join(', '));
console.log(`${queries} queries × ${documents} documents: ${seconds.toFixed(2)} s`);
process.exitCode = seconds < 1 ? 0 : 1;
