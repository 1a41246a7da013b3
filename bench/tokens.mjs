// Speed of the token cache with all-MiniLM-L6-v2's WordPiece: building (threads, hashing, Arrow), reading back, against
// @huggingface/tokenizers alone on one core.
//   node bench/tokens.mjs [times the corpus] [folder in BEIR layout]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { readCollection } from '../dist/data/beir.js';
import { openTokens } from '../dist/data/tokens/store.js';
import { fetchModel } from '../dist/encoder/fetch/fetch-model.js';
import { loadTokenizer } from '../dist/encoder/tokenizer.js';

const times = Number(process.argv[2] ?? 8);
const model = await fetchModel('sentence-transformers/all-MiniLM-L6-v2');
const { corpus } = readCollection(process.argv[3] ?? 'examples/scifact', 'test');
// Other texts each time round: a word of each is new.
const texts = Array.from({ length: times }, (_, i) => corpus.texts.map((text) => `${i} ${text}`)).flat();
process.env.REASONTUNE_CACHE = mkdtempSync(join(tmpdir(), 'reasontune-bench-'));
const how = { tokenizer: loadTokenizer(model, 30522), prompt: '', maxLength: 1 << 20 };
const seconds = async (work) => {
  const began = performance.now();
  const made = await work();
  return [made, (performance.now() - began) / 1000];
};
const speed = (tokens, took) => `${(tokens / took / 1e6).toFixed(2)} M tokens/s`;

const json = (name) => JSON.parse(readFileSync(join(model, name), 'utf8'));
const library = new Library(json('tokenizer.json'), json('tokenizer_config.json'));
const [alone, took] = await seconds(() => corpus.texts.reduce((n, text) => n + library.encode(text).ids.length, 0));
console.log(`the library alone, one core  ${speed(alone, took)}`);
const [store, built] = await seconds(() => openTokens(texts, how));
console.log(
  `built on ${availableParallelism()} cores           ${speed(store.tokens, built)} (${store.tokens} tokens, ${built.toFixed(1)} s)`,
);
const [again, opened] = await seconds(() => openTokens(texts, how));
console.log(`opened again, checked        ${speed(again.tokens, opened)} (${opened.toFixed(2)} s)`);
const [, read] = await seconds(() => {
  for (let i = 0; i < 100_000; i++) again.at((i * 7919) % texts.length);
});
console.log(`one sequence at random       ${(read * 10).toFixed(1)} µs`);
rmSync(process.env.REASONTUNE_CACHE, { recursive: true });
