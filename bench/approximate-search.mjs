// Approximate search against exact: `node bench/approximate-search.mjs [documents] [width] [clusters]`. Vectors are
// drawn around centres, as texts' are around subjects; recall depends on them, so mining says its own on each source.
import { approximateIndex, recallOf } from '../dist/retrieval/approximate.js';
import { searchExact } from '../dist/retrieval/dense.js';
import { useBackend } from '../dist/tensor/backend.js';

const [count = 20_000, width = 384, clusters = 500] = process.argv.slice(2).map(Number);
const [queries, depth] = [500, 100];
let state = 17;
const chance = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};
const centres = Float32Array.from({ length: clusters * width }, chance);
const drawn = (rows) => {
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const centre = Math.floor(((chance() + 1) / 2) * clusters);
    let squares = 0;
    for (let i = 0; i < width; i++) {
      const value = centres[centre * width + i] + chance();
      values[row * width + i] = value;
      squares += value * value;
    }
    for (let i = 0; i < width; i++) values[row * width + i] /= Math.sqrt(squares);
  }
  return { values, width };
};
const timed = async (work) => {
  const began = performance.now();
  return [await work(), ((performance.now() - began) / 1000).toFixed(2)];
};
await useBackend('auto');
const documents = { ...drawn(count), ids: Array.from({ length: count }, (_, i) => `d${i}`) };
const asked = drawn(queries);
const [exact, exactSeconds] = await timed(() => searchExact(asked, documents, depth, { excluded: [] }));
const [index, buildSeconds] = await timed(() => approximateIndex(documents, depth));
const [found, searchSeconds] = await timed(() => index.search(asked, depth, []));
console.log(
  `${count} documents of ${width} numbers, ${queries} queries, depth ${depth}: exact ${exactSeconds} s; ` +
    `graph built in ${buildSeconds} s, searched in ${searchSeconds} s, recall ${recallOf(found, exact).toFixed(3)}`,
);
