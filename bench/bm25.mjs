// Indexing and search of SciFact by BM25 against bm25s (its own tokenizer, PyStemmer, one thread), in turns, each time
// in a process of its own: nothing is warm.
//   PYTHON=… node bench/bm25.mjs          ($PYTHON with bm25s and PyStemmer)
// Prints medians of 5 and their ratios; exits with 1 when indexing or search is slower.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readCollection } from '../dist/data/beir.js';
import { Bm25 } from '../dist/retrieval/bm25.js';

const { corpus, queries } = readCollection('examples/scifact', 'test');

function once() {
  const began = performance.now();
  const index = new Bm25(corpus);
  const indexed = performance.now();
  for (const { text } of queries) index.search(text, 1000);
  return { indexing: (indexed - began) / 1000, search: (performance.now() - indexed) / 1000 };
}

function inProcess(program, args, input) {
  const ran = spawnSync(program, args, { input, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout.trim().split('\n').at(-1));
}

if (process.argv[2] === 'once') console.log(JSON.stringify(once()));
else {
  const job = JSON.stringify({ texts: corpus.texts, queries: queries.map(({ text }) => text), k: 1000 });
  const runs = Array.from({ length: 5 }, () => [
    inProcess(process.execPath, [fileURLToPath(import.meta.url), 'once'], ''),
    inProcess(process.env.PYTHON ?? 'python3', [fileURLToPath(new URL('bm25.py', import.meta.url))], job),
  ]);
  for (const part of ['indexing', 'search']) {
    const [ours, theirs] = [0, 1].map((side) => runs.map((run) => run[side][part]).sort((a, b) => a - b)[2]);
    console.log(
      `${part}: ours ${ours.toFixed(2)} s, bm25s ${theirs.toFixed(2)} s, ratio ${(ours / theirs).toFixed(2)}`,
    );
    if (ours > theirs) process.exitCode = 1;
  }
}
