// Speed of one training step of all-MiniLM-L6-v2 on each backend, on the same batch: the quickstart's first, in-batch.
//   node bench/backends.mjs [pairs] [max_length] [backend…]
// Each runs in a process of its own, a step to warm up and then three (wasm: one); prints the median.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readPlan } from '../dist/plan/read.js';
import { zeroMoments } from '../dist/tensor/adamw.js';
import { prepare } from '../dist/train/prepare.js';
import { trainStep } from '../dist/train/step.js';

const [pairs = '8', length = '128', ...names] = process.argv.slice(2);
if (names.length !== 1) {
  for (const name of names.length ? names : ['torch', 'tensorflow', 'wasm']) {
    const args = [fileURLToPath(import.meta.url), pairs, length, name];
    spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  }
} else {
  const plan = readPlan('configs/quickstart.yaml', [
    `backend=${names[0]}`,
    'data.negatives.per_query=0',
    `train.batch_size=${pairs}`,
    `model.max_length={query: ${length}, document: ${length}}`,
  ]);
  const { backend, encoder, objective, batches } = await prepare(plan, null);
  const learner = { encoder, moments: zeroMoments(encoder.parameters) };
  const batch = batches.at(1);
  const losses = [];
  const seconds = Array.from({ length: backend.name === 'wasm' ? 2 : 4 }, (_, step) => {
    const began = performance.now();
    losses.push(trainStep(learner, objective, batch, plan, step + 1, 2e-5).loss);
    return (performance.now() - began) / 1000;
  });
  const timed = seconds.slice(1).sort((a, b) => a - b);
  const median = timed[timed.length >> 1];
  const speed = `${median.toFixed(2)} s a step of ${batch.tokens} tokens, ${Math.round(batch.tokens / median)} tokens/s`;
  console.log(`${backend.description}: ${speed}; losses ${losses.map((loss) => loss.toFixed(5)).join(' ')}`);
}
