// Exact search of 1,000 queries × 500,000 documents × 384 against torch's matmul and topk, on the same vectors.
//   PYTHON=… node bench/search.mjs [documents]          ($PYTHON with torch and numpy)
// Prints both times, their ratio, memory beside the vectors, and how many of the first 10 ids agree; exits with 1 when
// it takes more than 1.3 times as long or 1 GB.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { searchExact } from '../dist/retrieval/dense.js';
import { useBackend } from '../dist/tensor/backend.js';

const [queries, documents, width, k] = [1000, Number(process.argv[2] ?? 500_000), 384, 1000];
let state = 1;
const unit = (rows) => {
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      values[i] = state / 2 ** 31 - 1;
      squares += values[i] ** 2;
    }
    const length = Math.sqrt(squares);
    for (let i = row * width; i < (row + 1) * width; i++) values[i] /= length;
  }
  return values;
};
const folder = mkdtempSync(join(tmpdir(), 'reasontune-search-'));
try {
  await useBackend('torch');
  const [asked, held] = [unit(queries), unit(documents)];
  const file = openSync(join(folder, 'vectors'), 'w');
  for (const values of [asked, held]) writeSync(file, new Uint8Array(values.buffer));
  closeSync(file);
  const ids = Array.from({ length: documents }, (_, i) => `${i}`);
  const excluded = Array.from({ length: queries }, () => []);
  const before = process.memoryUsage().rss;
  let most = before;
  const began = performance.now();
  const found = searchExact({ values: asked, width }, { values: held, width, ids }, k, { excluded });
  const ours = (performance.now() - began) / 1000;
  most = Math.max(most, process.resourceUsage().maxRSS * 1024);
  const job = [folder, queries, documents, width, k].map(String);
  const peer = spawnSync(
    process.env.PYTHON ?? 'python3',
    [fileURLToPath(new URL('search.py', import.meta.url)), ...job],
    { encoding: 'utf8' },
  );
  if (peer.status !== 0) throw new Error(peer.stderr);
  const { seconds, top } = JSON.parse(peer.stdout);
  const agree = top.flatMap((list, q) => list.filter((id, i) => found[q][i].id === `${id}`)).length;
  const gigabytes = (most - before) / 1e9;
  console.log(`ours ${ours.toFixed(2)} s, torch ${seconds.toFixed(2)} s, ratio ${(ours / seconds).toFixed(2)}`);
  console.log(`${gigabytes.toFixed(2)} GB beside the vectors; ${agree} of ${10 * top.length} first ids agree`);
  process.exitCode = ours / seconds <= 1.3 && gigabytes < 1 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
