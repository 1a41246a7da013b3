import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bertTokenizer } from '../../data/concepts/bert-tokenizer.js';
import { hash32 } from '../../data/permutation.js';
import { readArchitecture } from '../../encoder/architectures/read.js';
import { writeSafetensors } from '../../encoder/safetensors.js';

// A model and a collection small enough to train in milliseconds, made from nothing but arithmetic.

const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');

/** Writes a two-layer BERT with a letter-by-letter WordPiece tokenizer in the hub's layout. */
export function writeTinyModel(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const tokenizer = bertTokenizer([...letters, ...letters.map((letter) => `##${letter}`)]);
  const config = {
    model_type: 'bert',
    vocab_size: tokenizer.size,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 32,
    max_position_embeddings: 32,
    type_vocab_size: 2,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), tokenizer.json);
  const weights = [...readArchitecture(folder).shapes].map(([name, shape], w) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => chance(w, i) * 0.3 - 0.15);
    if (name.endsWith('LayerNorm.weight')) values.fill(1);
    return [name, { shape, values }] as const;
  });
  writeSafetensors(join(folder, 'model.safetensors'), new Map(weights));
  return folder;
}

function chance(...words: number[]): number {
  return hash32(...words) / 2 ** 32;
}

function word(n: number): string {
  return Array.from({ length: 4 }, (_, i) => letters[hash32(n, i) % 26]).join('');
}

/** Writes a collection in BEIR layout: each query repeats three words of its document. Splits train and test. */
export function writeTinyCollection(folder: string, pairs = 24): string {
  mkdirSync(join(folder, 'qrels'), { recursive: true });
  const lines = (name: string, rows: string[]): void => writeFileSync(join(folder, name), `${rows.join('\n')}\n`);
  const numbers = Array.from({ length: pairs }, (_, i) => i);
  const words = (i: number): string[] => [word(i), word(i + 1000), word(i + 2000), word(i + 3000)];
  lines(
    'corpus.jsonl',
    numbers.map((i) => JSON.stringify({ _id: `d${i}`, title: words(i)[0], text: words(i).slice(1).join(' ') })),
  );
  lines(
    'queries.jsonl',
    numbers.map((i) =>
      JSON.stringify({ _id: `q${i}`, text: `${words(i)[1]} ${words(i)[2]} ${words((i + 1) % pairs)[1]}` }),
    ),
  );
  const judged = (split: string, chosen: number[]): void =>
    lines(`qrels/${split}.tsv`, ['query-id\tcorpus-id\tscore', ...chosen.map((i) => `q${i}\td${i}\t1`)]);
  judged(
    'train',
    numbers.filter((i) => i % 4 !== 0),
  );
  judged(
    'test',
    numbers.filter((i) => i % 4 === 0),
  );
  return folder;
}

/** A plan over a tiny model and collection, as YAML text. */
export function tinyPlan(model: string, collection: string, more = ''): string {
  return `name: tiny
model: {base: ${model}, max_length: {query: 24, document: 32}}
data:
  sources: [{name: words, kind: public, path: ${collection}}]
  negatives: {per_query: 1, from: bm25, choose: random, ranks: [1, 20]}
train: {batch_size: 6, duration: 8 steps, optimizer: {learning_rate: 1.0e-3}, checkpoint: {every: 3 steps, keep: 2}}
eval: {sets: [{path: ${collection}}]}
${more}`;
}
