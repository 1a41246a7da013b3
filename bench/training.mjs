// Speed of a training step against sentence-transformers on the same batches, one after the other in turns.
//   PYTHON=… node bench/training.mjs [rounds]
// Prints the medians and their ratio, and how far the losses are apart (the batches and the updates are the same).
import { readTrainingPairs } from '../dist/data/beir.js';
import { loadEncoder } from '../dist/encoder/encoder.js';
import { fetchModel } from '../dist/encoder/fetch/fetch-model.js';
import { zeroMoments } from '../dist/tensor/adamw.js';
import { useBackend } from '../dist/tensor/backend.js';
import { trainStep } from '../dist/train/step.js';
import { peer } from './peer.mjs';

const rounds = Number(process.argv[2] ?? 3);
const [steps, batchSize, maxLength, learningRate] = [4, 32, 256, 2e-5];
const model = await fetchModel('sentence-transformers/all-MiniLM-L6-v2');
const { collection, pairs } = readTrainingPairs('examples/pep-citations', 'train');
const texts = pairs
  .slice(0, steps * batchSize)
  .map(({ query, positive }) => [collection.queries[query].text, collection.corpus.texts[positive]]);
const backend = await useBackend('auto');
const plan = {
  loss: { temperature: 0.05, in_batch: true, symmetric: false },
  train: { clip_norm: null, optimizer: { weight_decay: 0 } },
};

function ours() {
  const encoder = loadEncoder(model);
  const learner = { encoder, moments: zeroMoments(encoder.parameters) };
  const made = { seconds_by_step: [], loss_by_step: [] };
  for (let step = 0; step < steps; step++) {
    const chosen = texts.slice(step * batchSize, (step + 1) * batchSize);
    const ids = (side) => chosen.map((pair) => encoder.tokenizer.encode(pair[side], maxLength));
    const batch = { queries: ids(0), documents: ids(1) };
    const began = performance.now();
    made.loss_by_step.push(trainStep(learner, batch, plan, step + 1, learningRate).loss);
    made.seconds_by_step.push((performance.now() - began) / 1000);
  }
  for (const p of [...encoder.parameters, ...learner.moments.first, ...learner.moments.second]) p.tensor.dispose();
  return made;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const mine = [];
const theirs = [];
let apart = 0;
for (let round = 0; round < rounds; round++) {
  const a = ours();
  const b = peer({
    job: 'train',
    model,
    pairs: texts,
    batch_size: batchSize,
    max_length: maxLength,
    learning_rate: learningRate,
    scale: 20,
  });
  // The first step of each warms up allocators and thread pools.
  mine.push(...a.seconds_by_step.slice(1));
  theirs.push(...b.seconds_by_step.slice(1));
  apart = Math.max(apart, ...a.loss_by_step.map((loss, i) => Math.abs(loss / b.loss_by_step[i] - 1)));
}
console.log(`reasontune (${backend.description})  ${median(mine).toFixed(2)} s a step of ${batchSize} pairs`);
console.log(`sentence-transformers               ${median(theirs).toFixed(2)} s`);
console.log(`ratio ${(median(theirs) / median(mine)).toFixed(2)}, losses within ${apart.toExponential(1)} relative`);
