import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerBackend, setBackend, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttentionKind } from '../../encoder/architectures/architecture.js';
import { Layers } from '../../encoder/architectures/layers.js';
import { readArchitecture } from '../../encoder/architectures/read.js';
import { disposeEncoder, loadEncoder } from '../../encoder/encoder.js';
import { pack } from '../../encoder/pack.js';
import { loadWeights, weightsOf } from '../../encoder/weights.js';
import { locateAddon } from '../../native/locate.js';
import type { Precision } from '../../plan/schema.js';
import { zeroMoments } from '../../tensor/adamw.js';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { registerOperations } from '../../tensor/operation.js';
import { raise } from '../../tensor/precision.js';
import { type Addon, loadAddon } from '../../tensor/torch/addon.js';
import { TorchBackend } from '../../tensor/torch/backend.js';
import { registerStandardKernels } from '../../tensor/torch/standard-kernels/register.js';
import { makeObjective } from '../../train/objective.js';
import { trainStep } from '../../train/step.js';
import { cosine, largestDifference, relativeError } from '../support/close.js';
import { readPlanText } from '../support/plan.js';
import { hasShared, shared } from '../support/shared.js';
import { tinyPlan, writeTinyModel } from '../support/tiny.js';
import { fakeCuda, type Operator } from './fake-cuda.js';

// Training as a CUDA device would run it, over stand-ins for the attention kernels. With the addon compiled against a
// CUDA libtorch ("npm run check:cuda") it also holds that libtorch_cuda has a kernel for every operator on the way.

let scratch: string;
let cpu: Addon;
let operators: Operator[];
let said: ReturnType<typeof fakeCuda>['said'];
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-cuda-'));
  cpu = loadAddon(locateAddon() as string);
  const fake = fakeCuda(cpu, 'float32');
  ({ operators, said } = fake);
  registerStandardKernels();
  registerOperations('torch', 'cuda:0');
  registerBackend('torch', () => new TorchBackend(fake.addon, 'cuda:0'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Losses and gradient norms of three steps of a tiny model. */
async function steps(precision: Precision = 'float32'): Promise<number[]> {
  const plan = readPlanText(tinyPlan(join(scratch, 'model'), scratch));
  const encoder = loadEncoder(writeTinyModel(join(scratch, 'model')), undefined, undefined, precision);
  const objective = await makeObjective(plan, encoder, []);
  const learner = { encoder, moments: zeroMoments(encoder.parameters) };
  const text = (n: number): Int32Array =>
    Int32Array.from({ length: 3 + (n % 5) }, (_, i) => 5 + ((7 * n + 3 * i) % 50));
  const batch = {
    queries: [1, 2, 3, 4].map(text),
    documents: [11, 12, 13, 14].map(text),
    source: 'made up',
    tokens: 0,
    scores: null,
    texts: () => ({ queries: [], documents: [] }),
    describe: () => '',
  };
  const made = [1, 2, 3].flatMap((step) => {
    const { loss, gradientNorm } = trainStep(learner, objective, batch, plan, step, 1e-2);
    return [loss, gradientNorm];
  });
  disposeEncoder(encoder);
  for (const { tensor } of [...learner.moments.first, ...learner.moments.second]) tensor.dispose();
  return made;
}

/** A tiny model's hidden states of three sequences, and the gradients of its matrices; key biases have none but noise. */
function hiddenAndGradients(model: string, kind: AttentionKind, precision: Precision = 'float32'): Float32Array[] {
  const folder = shared('models', `tiny-${model}`);
  const architecture = readArchitecture(folder);
  const { weights: parameters } = loadWeights(folder, architecture.shapes);
  const packed = pack(
    [9, 40, 17].map((length, n) => Int32Array.from({ length }, (_, i) => 5 + ((31 * n + 7 * i) % 80))),
    0,
  );
  const layers = new Layers(weightsOf(parameters), { precision, lora: null, recompute: false, seed: null });
  const [tokens, width] = [packed.ids.length, architecture.hidden];
  const dy = tensor2d(
    Float32Array.from({ length: tokens * width }, (_, i) => Math.sin(i)),
    [tokens, width],
  );
  const made = gradients(
    () => raise(architecture.forward(layers, packed, kind)),
    parameters.map(({ tensor }) => tensor),
    dy,
  );
  dy.dispose();
  const matrices = made.gradients.filter((gradient) => gradient?.rank === 2) as Tensor[];
  const read = [made.value, ...matrices].map((tensor) => tensor.dataSync() as Float32Array);
  for (const tensor of [made.value, ...made.gradients]) tensor?.dispose();
  for (const { tensor } of parameters) tensor.dispose();
  return read;
}

describe('a training step on CUDA', () => {
  let made: number[];
  beforeAll(async () => {
    await setBackend('torch');
    made = await steps();
  });

  it("takes CUDA's attention, and gives the losses and gradient norms of wasm", async () => {
    expect(operators.filter(({ operator }) => operator.includes('_efficient_attention_')).length).toBe(3 * 2 * 2 * 2);
    await useBackend('wasm');
    const wanted = await steps();
    expect(wanted[0]! - wanted[4]!).toBeGreaterThan(0.1);
    const ratios = made.map((value, i) => value / wanted[i]!);
    expect(largestDifference(ratios, new Array(6).fill(1))).toBeLessThan(1e-4);
  });

  it('in bfloat16 takes the flash kernel, and gives the same but for rounding', async () => {
    await setBackend('torch');
    const first = operators.length;
    const rounded = await steps('bfloat16');
    const taken = operators.slice(first).filter(({ operator }) => operator.includes('_flash_attention_'));
    expect(taken.length).toBe(3 * 2 * 2 * 2);
    const ratios = rounded.map((value, i) => value / made[i]!);
    expect(largestDifference(ratios.slice(0, 2), [1, 1])).toBeLessThan(0.005);
    // AdamW's first steps move by the gradient's sign: what rounding turned over grows.
    expect(largestDifference(ratios, new Array(6).fill(1))).toBeLessThan(0.1);
    expect(rounded).not.toEqual(made);
  });

  it.each(['float32', 'bfloat16'] as const)('leaves nothing behind in %s', async (precision) => {
    await setBackend('torch');
    const before = liveTensors();
    await steps(precision);
    expect(liveTensors()).toEqual(before);
  });

  const models = ['bert', 'distilbert', 'mpnet', 'modernbert', 'llama', 'mistral', 'qwen2', 'qwen3'];
  const paths = models.flatMap((model) => [
    [model, 'float32', 'bidirectional'] as const,
    [model, 'bfloat16', /bert|mpnet/.test(model) ? 'bidirectional' : 'causal'] as const,
  ]);

  it.skipIf(!hasShared).each(paths)(
    "gives wasm's hidden states and gradients for %s by %s kernels, %s",
    async (model, type, kind) => {
      said.type = type;
      const first = operators.length;
      await setBackend('torch');
      const made = hiddenAndGradients(model, kind);
      said.type = 'float32';
      const kernel = type === 'float32' ? '_efficient_attention_' : '_flash_attention_';
      const taken = operators.slice(first).filter(({ operator }) => operator.includes(kernel)).length;
      // MPNet's bias by distance is for neither kernel; flash wants heads of a multiple of 8 wide, and most here have 12.
      const served = model !== 'mpnet' && (type === 'float32' || model === 'mistral' || model === 'qwen3');
      expect(taken > 0).toBe(served);
      await useBackend('wasm');
      const wanted = hiddenAndGradients(model, kind);
      expect(made.length).toBe(wanted.length);
      made.forEach((values, i) => {
        expect(relativeError(values, wanted[i]!)).toBeLessThan(1e-4);
      });
    },
  );

  it.skipIf(!hasShared).each(models)("gives wasm's but for rounding for %s in bfloat16", async (model) => {
    const kind = /bert|mpnet/.test(model) ? 'bidirectional' : 'causal';
    const first = operators.length;
    await setBackend('torch');
    const [hidden, ...made] = hiddenAndGradients(model, kind, 'bfloat16');
    const taken = operators.slice(first).map(({ operator }) => operator);
    // A kernel is chosen by what q is stored in.
    expect(taken.some((operator) => operator.includes('_efficient_'))).toBe(false);
    expect(taken.some((operator) => operator.includes('_flash_'))).toBe(model === 'mistral' || model === 'qwen3');
    await useBackend('wasm');
    const [wanted, ...wantedGradients] = hiddenAndGradients(model, kind);
    expect(cosine(hidden!, wanted!)).toBeGreaterThan(0.9995);
    expect(cosine(hidden!, wanted!)).toBeLessThan(1 - 1e-9);
    wantedGradients.forEach((gradient, i) => {
      expect(cosine(made[i]!, gradient)).toBeGreaterThan(0.98);
    });
  });

  it('calls operators that this torch has, with arguments that it knows', () => {
    const distinct = [...new Map(operators.map((call) => [JSON.stringify(call), call])).values()];
    expect(distinct.length).toBeGreaterThan(20);
    const onCuda = cpu.describe('aten::_flash_attention_forward')?.cuda ?? false;
    if (process.env.REASONTUNE_CHECK_CUDA === '1') expect(onCuda).toBe(true);
    if (!onCuda) console.warn('skipped: which operators have a CUDA kernel, for want of a CUDA torch');
    for (const { operator, positional, named } of distinct) {
      const known = cpu.describe(operator);
      expect(known, operator).not.toBeNull();
      expect(positional, operator).toBeLessThanOrEqual(known!.arguments.length);
      for (const name of named) expect(known!.arguments, operator).toContain(name);
      if (onCuda) expect(known!.cuda, `${operator} on CUDA`).toBe(true);
    }
  });
});
