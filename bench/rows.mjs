// What is compared: each row measures both sides once and says what each took; the smaller is the better one.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readCollection } from '../dist/data/beir.js';
import { fetchModel } from '../dist/encoder/fetch/fetch-model.js';
import { readSafetensors, writeSafetensors } from '../dist/encoder/safetensors.js';
import { here, ours, peer, python, secondsUntil } from './peer.mjs';

const model = await fetchModel('sentence-transformers/all-MiniLM-L6-v2');
const recipe = { model, learning_rate: 2e-5, scale: 20 };

function pairsOf(set, count) {
  const lines = gunzipSync(readFileSync(here(`data/${set}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
    .slice(0, count);
  return lines.map((line) => JSON.parse(line)).map(({ query, pos }) => [query, pos[0]]);
}

export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Seconds for a thousand real tokens (padding left out), the median of the steps but the first, which warms up. */
function training(set, maxLength, precision, steps) {
  const pairs = pairsOf(set, steps * 32);
  const job = { job: 'train', ...recipe, pairs, batch_size: 32, max_length: maxLength, precision };
  return () => {
    const mine = ours(job);
    const theirs = peer(job);
    const perToken = ({ seconds_by_step: seconds }) =>
      median(seconds.map((s, i) => (1000 * s) / mine.tokens_by_step[i]).slice(1));
    const apart = Math.max(...mine.loss_by_step.map((loss, i) => Math.abs(loss - theirs.loss_by_step[i])));
    return { ours: perToken(mine), peer: perToken(theirs), note: `losses within ${apart.toExponential(1)}` };
  };
}

function encoding(precision) {
  const { corpus } = readCollection(here('../examples/scifact'), 'test');
  const job = { job: 'encode', model, texts: corpus.texts.slice(0, 1024), batch_size: 32, max_length: 256, precision };
  return () => ({ ours: ours(job).seconds, peer: peer(job).seconds });
}

/** MiniLM with a random head in the place of a cross-encoder's trained one: the work is the same. */
function crossEncoder(folder) {
  cpSync(model, folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const architectures = ['BertForSequenceClassification'];
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, architectures, id2label: { 0: 'LABEL_0' } }));
  const weights = readSafetensors(join(folder, 'model.safetensors'));
  const width = config.hidden_size;
  const values = Float32Array.from({ length: width }, (_, i) => Math.sin(i));
  weights.set('classifier.weight', { shape: [1, width], values });
  weights.set('classifier.bias', { shape: [1], values: new Float32Array(1) });
  writeSafetensors(join(folder, 'model.safetensors'), weights);
  for (const file of ['modules.json', 'config_sentence_transformers.json']) rmSync(join(folder, file), { force: true });
}

/** Seconds for eight questions, each with 32 documents, cut at 512 tokens. */
function pairScoring() {
  const { corpus, queries } = readCollection(here('../examples/scifact'), 'test');
  const pairs = queries
    .slice(0, 8)
    .flatMap(({ text }, q) => corpus.texts.slice(32 * q, 32 * q + 32).map((document) => [text, document]));
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'reasontune-bench-'));
    try {
      crossEncoder(folder);
      const job = { job: 'pairs', model: folder, pairs, batch_size: 32, max_length: 512 };
      const [mine, theirs] = [ours(job), peer(job)];
      const apart = Math.max(...mine.scores.map((score, i) => Math.abs(score - theirs.scores[i])));
      const speed = ({ seconds }) => `${(pairs.length / seconds).toFixed(1)} pairs/s`;
      const note = `${speed(mine)} against ${speed(theirs)}, logits within ${apart.toExponential(1)}`;
      return { ours: mine.seconds, peer: theirs.seconds, note };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** Peak memory of one GradCache step of 1,024 queries, in GiB; both cut it into pieces of about 32 documents (6,000 tokens). */
function gradCache() {
  const texts = pairsOf('medquad', 512);
  // A batch of its size has no two same texts to begin with; the halves' documents are swapped for the second half.
  const pairs = [...texts, ...texts.map(([query], i) => [query, texts[(i + 256) % 512][1]])];
  const job = { job: 'cached', ...recipe, pairs, batch_size: 1024, max_length: 256, precision: 'float32' };
  return () => {
    const gib = ({ peak_bytes: bytes }) => bytes / 2 ** 30;
    return { ours: gib(ours({ ...job, micro_batch_tokens: 6144 })), peer: gib(peer({ ...job, mini_batch_size: 32 })) };
  };
}

/** Seconds from the command to the end of the first step. */
function firstStep() {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reasontune-bench-'));
    try {
      const file = join(folder, 'pairs.jsonl');
      const pairs = pairsOf('medquad', 512);
      writeFileSync(file, pairs.map(([query, pos]) => JSON.stringify({ query, pos: [pos] })).join('\n'));
      const plan = join(folder, 'plan.yaml');
      writeFileSync(
        plan,
        `name: bench\nmodel: {base: ${JSON.stringify(model)}}\ndata: {sources: [{name: pairs, kind: public, path: ${JSON.stringify(file)}}]}\n` +
          'train: {batch_size: 32, duration: 2 steps}\n',
      );
      const command = [here('../dist/cli/main.js'), 'train', plan, '--out', join(folder, 'run')];
      const mine = await secondsUntil(process.execPath, command, /step 1\/2/);
      const theirs = await secondsUntil(python(), [here('first_step.py'), model, file], /step 1/);
      return { ours: mine, peer: theirs };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** `target` is the ratio asked for: peer over ours, at least; for memory and start, ours over the peer's, at most. */
export const rows = [
  {
    name: 'train.medquad-256.float32',
    unit: 's/1k tokens',
    target: 1.6,
    measure: training('medquad', 256, 'float32', 5),
  },
  {
    name: 'train.medquad-256.bfloat16',
    unit: 's/1k tokens',
    target: 1.7,
    measure: training('medquad', 256, 'bfloat16', 7),
  },
  {
    name: 'train.stackexchange-512.float32',
    unit: 's/1k tokens',
    target: 2.3,
    measure: training('stackexchange', 512, 'float32', 3),
  },
  {
    name: 'train.stackexchange-512.bfloat16',
    unit: 's/1k tokens',
    target: 3,
    measure: training('stackexchange', 512, 'bfloat16', 4),
  },
  { name: 'encode.scifact.bfloat16', unit: 's', target: 2, measure: encoding('bfloat16') },
  { name: 'pairs.scifact-512.float32', unit: 's', target: 1, measure: pairScoring() },
  { name: 'memory.gradcache-1024.float32', unit: 'GiB', share: 0.6, measure: gradCache() },
  { name: 'start.first-step', unit: 's', share: 0.5, measure: firstStep() },
];
