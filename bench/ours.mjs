// Our side of a comparison, in a process of its own as the peer is (peer.py): reads one JSON job, prints one JSON result.
import {
  loadCrossEncoderWeights,
  logitsOf,
  pairTokens,
  readCrossEncoder,
} from '../dist/encoder/cross-encoder/cross-encoder.js';
import { encode } from '../dist/encoder/encode.js';
import { loadEncoder } from '../dist/encoder/encoder.js';
import { batchesByLength } from '../dist/encoder/pack.js';
import { planSchema } from '../dist/plan/schema.js';
import { zeroMoments } from '../dist/tensor/adamw.js';
import { useBackend } from '../dist/tensor/backend.js';
import { makeObjective } from '../dist/train/objective.js';
import { trainStep } from '../dist/train/step.js';

function planOf(job, microBatchTokens) {
  return planSchema.parse({
    name: 'bench',
    model: { base: job.model },
    data: { sources: [{ name: 'pairs', kind: 'public', path: 'pairs.jsonl' }] },
    loss: { temperature: 1 / job.scale },
    train: {
      batch_size: job.batch_size,
      precision: job.precision,
      micro_batch_tokens: microBatchTokens,
      clip_norm: null,
      optimizer: { learning_rate: job.learning_rate, weight_decay: 0 },
    },
  });
}

/** Steps of in-batch InfoNCE and AdamW: seconds, loss and real tokens of each. */
async function train(job, microBatchTokens = 1 << 20) {
  const encoder = loadEncoder(job.model, undefined, null, job.precision);
  const plan = planOf(job, microBatchTokens);
  const objective = await makeObjective(plan, encoder, []);
  const learner = { encoder, moments: zeroMoments(encoder.parameters) };
  const made = { seconds_by_step: [], loss_by_step: [], tokens_by_step: [] };
  for (let start = 0; start < job.pairs.length; start += job.batch_size) {
    const chosen = job.pairs.slice(start, start + job.batch_size);
    const [queries, documents] = [0, 1].map((side) =>
      chosen.map((pair) => encoder.tokenizer.encode(pair[side], job.max_length)),
    );
    const began = performance.now();
    const step = start / job.batch_size + 1;
    const { loss } = trainStep(learner, objective, { queries, documents }, plan, step, job.learning_rate);
    made.seconds_by_step.push((performance.now() - began) / 1000);
    made.loss_by_step.push(loss);
    made.tokens_by_step.push([...queries, ...documents].reduce((sum, { length }) => sum + length, 0));
  }
  return made;
}

async function cached(job) {
  const { loss_by_step } = await train(job, job.micro_batch_tokens);
  return { peak_bytes: process.resourceUsage().maxRSS * 1024, loss_by_step };
}

/** Tokenizing counts, as it does in the peer's encode. */
function encodeCorpus(job) {
  const encoder = loadEncoder(job.model, undefined, null, job.precision);
  const ids = (texts) => texts.map((text) => encoder.tokenizer.encode(text, job.max_length));
  encode(encoder, ids(job.texts.slice(0, 64)), 'document');
  const began = performance.now();
  encode(encoder, ids(job.texts), 'document');
  return { seconds: (performance.now() - began) / 1000 };
}

/** Logits of pairs by a cross-encoder, tokenizing included. */
function scorePairs(job) {
  const crossEncoder = readCrossEncoder(job.model, job.max_length);
  const weights = loadCrossEncoderWeights(crossEncoder);
  const score = (pairs) => {
    const tokens = pairs.map(([first, second]) => pairTokens(crossEncoder, first, second));
    const scores = [];
    for (const places of batchesByLength(tokens.map(({ ids }) => ids))) {
      const logits = logitsOf(
        crossEncoder,
        weights,
        places.map((place) => tokens[place]),
      );
      places.forEach((place, i) => {
        scores[place] = logits[i];
      });
    }
    return scores;
  };
  score(job.pairs.slice(0, 32));
  const began = performance.now();
  const scores = score(job.pairs);
  return { seconds: (performance.now() - began) / 1000, scores };
}

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const job = JSON.parse(Buffer.concat(chunks).toString());
await useBackend('auto');
const jobs = { train, cached, encode: encodeCorpus, pairs: scorePairs };
console.log(JSON.stringify(await jobs[job.job](job)));
