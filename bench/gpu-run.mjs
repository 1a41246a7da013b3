// One row of bench/gpu.mjs: reads a job from standard input, prints one JSON object. A fault goes to standard output as
// one line, exit code 1.
import { readFileSync, writeFileSync } from 'node:fs';
import { engine, mul } from '@tensorflow/tfjs-core';
import { readTrainingPairs } from '../dist/data/beir.js';
import { Layers } from '../dist/encoder/architectures/layers.js';
import { loadEncoder } from '../dist/encoder/encoder.js';
import { fetchModel } from '../dist/encoder/fetch/fetch-model.js';
import { pack } from '../dist/encoder/pack.js';
import { weightsOf } from '../dist/encoder/weights.js';
import { planSchema } from '../dist/plan/schema.js';
import { adamw, zeroMoments } from '../dist/tensor/adamw.js';
import { attention } from '../dist/tensor/attention/attention.js';
import { gradients } from '../dist/tensor/autograd.js';
import { useBackend } from '../dist/tensor/backend.js';
import { memory, resetPeakMemory } from '../dist/tensor/memory.js';
import { raise } from '../dist/tensor/precision.js';
import { scalarTypes } from '../dist/tensor/torch/scalar-types.js';
import { makeObjective } from '../dist/train/objective.js';
import { lossAndGradients, trainStep } from '../dist/train/step.js';

// Dense peaks in TFLOP/s from NVIDIA's data sheets: float32 without tensor cores, TF32, bfloat16 with sums in float32.
const peaks = [
  [/H100 PCIe/, { float32: 51, tf32: 378, bfloat16: 756 }],
  [/H100 NVL/, { float32: 60, tf32: 418, bfloat16: 835 }],
  [/H100|H200|GH200/, { float32: 67, tf32: 495, bfloat16: 989 }],
  [/A100/, { float32: 19.5, tf32: 156, bfloat16: 312 }],
  [/L40S/, { float32: 91.6, tf32: 183, bfloat16: 362 }],
  [/\bL4\b/, { float32: 30.3, tf32: 60, bfloat16: 121 }],
  [/\bA10\b/, { float32: 31.2, tf32: 62.5, bfloat16: 125 }],
  [/RTX 4090/, { float32: 82.6, tf32: 82.6, bfloat16: 165 }],
  [/RTX 3090/, { float32: 35.6, tf32: 35.6, bfloat16: 71 }],
];

let texts;
const job = JSON.parse(readFileSync(0, 'utf8'));
try {
  console.log(JSON.stringify(await (job.attention ? attentionRow() : row())));
} catch (error) {
  console.log(error.message.split('\n')[0]);
  process.exitCode = 1;
}

async function row() {
  const backend = await useBackend(job.backend, job.cuda);
  const { addon } = engine().backend;
  const gpu = backend.device === 'cpu' ? null : addon.cudaDevice(0);
  const encoder = loadEncoder(await fetchModel(job.model), undefined, undefined, job.precision);
  const plan = planSchema.parse({
    name: 'bench',
    model: { base: job.model },
    data: { sources: [{ name: 'pep', kind: 'public', path: 'examples/pep-citations' }] },
    train: { batch_size: job.batch, micro_batch_tokens: 65536, precision: job.precision },
  });
  const objective = await makeObjective(plan, encoder, []);
  const parts = parity(encoder, objective);
  const facts = { where: gpu ? `${gpu.name}, torch ${addon.version}` : backend.description, batch: job.batch, parts };
  return job.steps > 0 ? { ...facts, ...speed(encoder, objective, plan, gpu) } : facts;
}

/** Attention alone: 64 sequences of 32 to 512 tokens, 12 heads of 64, in the type asked for. */
async function attentionRow() {
  const backend = await useBackend(job.backend, job.cuda);
  const { addon, device } = engine().backend;
  const lengths = Array.from({ length: 64 }, (_, i) => 32 + ((i * 211) % 481)).sort((a, b) => a - b);
  const offsets = Int32Array.from([0, ...lengths]);
  for (let i = 1; i < offsets.length; i++) offsets[i] += offsets[i - 1];
  const [heads, width, tokens] = [12, 64, offsets.at(-1)];
  const dtype = scalarTypes[job.attention];
  const [q, k, v, dy] = [1, 2, 3, 4].map((seed) => {
    const values = Float32Array.from({ length: tokens * heads * width }, (_, i) => Math.sin(seed + i * i * 1e-3));
    const full = addon.fromArray(values, [tokens, heads * width], device);
    const handle = addon.call('aten::_to_copy', [full], { dtype });
    addon.release(full);
    return engine().makeTensorFromTensorInfo(engine().backend.adopt(handle));
  });
  const go = () => gradients(() => attention(q, k, v, { heads, width, offsets, causal: job.causal }), [q, k, v], dy);
  const milliseconds = [];
  let made = [];
  for (let i = 0; i < job.repeats; i++) {
    for (const tensor of made) tensor.dispose();
    const began = performance.now();
    const { value, gradients: grads } = go();
    made = [value, ...grads];
    addon.toArray(addon.call('aten::select.int', [engine().backend.handle(grads[2]), 0, 0]));
    milliseconds.push(performance.now() - began);
  }
  const names = ['out', 'dq', 'dk', 'dv'];
  const parts = made.map((tensor, i) => [names[i], tensor.dataSync()]);
  write(parts);
  const median = milliseconds.sort((a, b) => a - b)[Math.floor(milliseconds.length / 2)];
  // Two products forward, five backward, of 2 · width · length² each; half of them where later tokens are not seen.
  const squares = lengths.reduce((sum, length) => sum + length ** 2, 0) / (job.causal ? 2 : 1);
  const where = device === 'cpu' ? backend.description : addon.cudaDevice(0).name;
  const teraflops = (14 * heads * width * squares) / median / 1e9;
  return { where, milliseconds: median, teraflops, parts: sizes(parts) };
}

function write(parts) {
  writeFileSync(job.parity, Buffer.concat(parts.map(([, values]) => Buffer.from(Float32Array.from(values).buffer))));
}

function sizes(parts) {
  return parts.map(([name, values]) => ({ name, size: values.length }));
}

/** How a fixed gradient moves all weights in one AdamW step: our kernel and libtorch's must agree. */
function movement(parameters) {
  const before = parameters.map(({ tensor }) => tensor.dataSync().slice());
  const gradients = parameters.map(({ tensor }) => mul(tensor, 0.1));
  const moments = zeroMoments(parameters);
  adamw(parameters, gradients, moments, { step: 1, learningRate: 1e-3, weightDecay: 0.01 }, 0.5);
  const all = new Float32Array(before.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  parameters.forEach(({ tensor }, i) => {
    const after = tensor.dataSync();
    for (let j = 0; j < after.length; j++) all[at++] = after[j] - before[i][j];
  });
  for (const tensor of [...gradients, ...[...moments.first, ...moments.second].map((m) => m.tensor)]) tensor.dispose();
  return all;
}

/** Writes what must be equal on every device, as float32: hidden states, loss, gradients. Returns its parts. */
function parity(encoder, objective) {
  const batch = batchOf(encoder, 0, 8);
  const packed = pack([...batch.queries, ...batch.documents]);
  const how = { precision: job.precision, lora: null, recompute: false, seed: null };
  const layers = new Layers(weightsOf(encoder.parameters), how);
  const hidden = raise(encoder.architecture.forward(layers, packed, 'bidirectional'));
  const { loss, gradients: made } = lossAndGradients(encoder, objective, batch, {
    microBatchTokens: 65536,
    seed: [17, 1],
  });
  const parts = [
    ['hidden states', hidden.dataSync()],
    ['loss', Float32Array.of(loss)],
    ['update', movement(encoder.parameters)],
    // A key's bias moves all scores of a row alike: its gradient is 0 but for rounding.
    ...encoder.parameters.flatMap(({ name }, i) =>
      /(key|k_lin|attn\.k|k_proj)\.bias$/.test(name) || !made[i] ? [] : [[name, made[i].dataSync()]],
    ),
  ].filter(([, values]) => values.some((value) => value !== 0));
  write(parts);
  for (const tensor of [hidden, ...made]) tensor?.dispose();
  return sizes(parts);
}

/** Median tokens a second over the steps after two for warming up, with what that is of the device's peak. */
function speed(encoder, objective, plan, gpu) {
  const learner = { encoder, moments: zeroMoments(encoder.parameters) };
  const seconds = [];
  let [tokens, flops] = [0, 0];
  for (let step = 1; step <= job.steps + 2; step++) {
    // The same texts each time, so that steps compare.
    const batch = batchOf(encoder, 0, job.batch);
    if (step === 3) resetPeakMemory();
    const began = performance.now();
    // Ends with a number read back: all of the step but its update is done by then, and the next step waits for that.
    trainStep(learner, objective, batch, plan, step, 1e-5);
    settle(encoder);
    if (step > 2) seconds.push((performance.now() - began) / 1000);
    tokens = batch.tokens;
    flops = flopsOf(encoder, [...batch.queries, ...batch.documents]);
  }
  const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
  const peak = gpu && peaks.find(([name]) => name.test(gpu.name))?.[1];
  return {
    tokens,
    tokensPerSecond: tokens / median,
    teraflops: flops / median / 1e12,
    mfu: peak ? flops / median / 1e12 / peak[job.cuda.tf32 ? 'tf32' : job.precision] : null,
    peakBytes: memory().peak,
    updateMilliseconds: update(learner),
  };
}

/** One AdamW update of all weights with clipping, the median of ten: our kernel's or libtorch's. */
function update({ encoder, moments }) {
  const gradients = encoder.parameters.map(({ tensor }) => mul(tensor, 1e-3));
  const times = Array.from({ length: 12 }, (_, i) => {
    settle(encoder);
    const began = performance.now();
    const rates = { step: i + 1, learningRate: 1e-6, weightDecay: 0.01 };
    adamw(encoder.parameters, gradients, moments, rates, 0.5);
    settle(encoder);
    return performance.now() - began;
  }).slice(2);
  for (const gradient of gradients) gradient.dispose();
  return times.sort((a, b) => a - b)[5];
}

/** Waits for all that is queued: one stream, so the last weight's values come after everything. */
function settle(encoder) {
  encoder.parameters.at(-1).tensor.dataSync();
}

/** Of forward and backward: 6 a weight of a matrix and token, and attention's two products, 12 · width · length². */
function flopsOf({ architecture, parameters }, sequences) {
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  const squares = sequences.reduce((sum, { length }) => sum + length ** 2, 0);
  const matrices = parameters
    .filter(({ name, tensor }) => tensor.rank === 2 && !/embed/i.test(name))
    .reduce((sum, { tensor }) => sum + tensor.size, 0);
  return 6 * matrices * tokens + 12 * architecture.layers * architecture.hidden * squares;
}

/** The pairs of a batch, tokenized: PEP motivations with what they cite, again from the first where there are too few. */
function batchOf(encoder, first, count) {
  texts ??= readTrainingPairs('examples/pep-citations', 'train');
  const { collection, pairs } = texts;
  const chosen = Array.from({ length: count }, (_, i) => pairs[(first + i) % pairs.length]);
  const ids = (text) => encoder.tokenizer.encode(text, 256);
  const queries = chosen.map(({ query }) => ids(collection.queries[query].text));
  const documents = chosen.map(({ positive }) => ids(collection.corpus.texts[positive]));
  const tokens = [...queries, ...documents].reduce((sum, { length }) => sum + length, 0);
  const nothing = () => ({ queries: [], documents: [] });
  return { queries, documents, tokens, source: 'pep', scores: null, texts: nothing, describe: () => 'the bench' };
}
