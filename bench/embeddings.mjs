// Shows that a checkpoint loads in sentence-transformers and gives the same embeddings.
//   PYTHON=… node bench/embeddings.mjs checkpoints/quickstart/step-000040
// Exits with 1 when a cosine is below 0.99999.
import { readCollection } from '../dist/data/beir.js';
import { encode } from '../dist/encoder/encode.js';
import { loadEncoder } from '../dist/encoder/encoder.js';
import { fetchModel } from '../dist/encoder/fetch/fetch-model.js';
import { useBackend } from '../dist/tensor/backend.js';
import { peer } from './peer.mjs';

const model = await fetchModel(process.argv[2] ?? 'sentence-transformers/all-MiniLM-L6-v2');
const { queries, corpus } = readCollection('examples/pep-citations', 'test');
const texts = [
  ...queries.slice(0, 50).map(({ text }) => text),
  ...corpus.texts.slice(0, 150),
  '',
  'a',
  'naïve café – 検索 🙂',
];

await useBackend('auto');
const encoder = loadEncoder(model);
const maxLength = encoder.settings.max_length.document;
const { values, width } = encode(
  encoder,
  texts.map((text) => encoder.tokenizer.encode(text, maxLength)),
  'document',
);
const { embeddings } = peer({ job: 'embed', model, texts, max_length: maxLength });

const cosines = embeddings.map((theirs, i) => {
  const ours = values.subarray(i * width, (i + 1) * width);
  const dot = theirs.reduce((sum, value, j) => sum + value * ours[j], 0);
  return dot / Math.hypot(...theirs) / Math.hypot(...ours);
});
const lowest = Math.min(...cosines);
console.log(`${texts.length} texts, lowest cosine ${lowest.toFixed(8)}`);
process.exitCode = lowest >= 0.99999 ? 0 : 1;
