import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode } from '../../encoder/encode.js';
import { disposeEncoder, loadEncoder } from '../../encoder/encoder.js';
import { readSafetensors } from '../../encoder/safetensors.js';
import { checkpointsIn } from '../../plan/run-layout.js';
import type { ModelPlan, RunPlan } from '../../plan/schema.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { disposeObjective } from '../../train/objective.js';
import { prepare } from '../../train/prepare.js';
import { lossAndGradients } from '../../train/step.js';
import { train } from '../../train/train.js';
import { cosine, largestDifference } from '../support/close.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

let scratch: string;
let base: RunPlan;
beforeAll(async () => {
  await useBackend('torch');
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-adapting-'));
  base = readPlanText(
    tinyPlan(writeTinyModel(join(scratch, 'model')), writeTinyCollection(join(scratch, 'collection'))),
  );
});
afterAll(() => rmSync(scratch, { recursive: true }));

const lora = { rank: 2, alpha: 4, dropout: 0.25, targets: ['query', 'value', 'output.dense'] };

function plan(model: Partial<ModelPlan>, trained: Partial<RunPlan['train']> = {}): RunPlan {
  return { ...base, model: { ...base.model, ...model }, train: { ...base.train, ...trained } };
}

/** Trains into a folder of its own; returns its last checkpoint. */
async function go(given: RunPlan, name: string, stopAfter = Number.POSITIVE_INFINITY, resume = false): Promise<string> {
  let steps = 0;
  const stopped = (): boolean => ++steps >= stopAfter;
  const done = await train(given, { folder: join(scratch, name), resume, stopped, hooks: [], say: () => {} });
  return done.checkpoint;
}

const weightsOf = (folder: string) => readSafetensors(join(folder, 'model.safetensors'));

/** Loss and gradients of the first batch. */
async function first(given: RunPlan): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  const { encoder, objective, batches } = await prepare(given, null);
  const cut = { microBatchTokens: given.train.micro_batch_tokens, seed: [given.seed, 1] };
  const { loss, gradients } = lossAndGradients(encoder, objective, batches.at(0), cut);
  const values = encoder.parameters.map(({ name }, i) => [name, gradients[i]!.dataSync() as Float32Array] as const);
  for (const gradient of gradients) gradient.dispose();
  disposeEncoder(encoder);
  disposeObjective(objective);
  return { loss, gradients: new Map(values) };
}

describe('gradient checkpointing', () => {
  it.each([
    ['of all weights', {}, {}],
    ['of an adapter with dropout', { lora }, {}],
    ['of what is not frozen', { freeze: { embeddings: true, layers: 1 } }, {}],
    ['in micro-batches', { lora }, { micro_batch_tokens: 60 }],
    ['of an adapter in bfloat16', { lora }, { precision: 'bfloat16' }],
  ] as const)('changes no gradient %s', async (_, model, trained) => {
    const before = liveTensors();
    const wanted = await first(plan(model as Partial<ModelPlan>, trained));
    const got = await first(plan(model as Partial<ModelPlan>, { ...trained, gradient_checkpointing: true }));
    // Without an adapter the first pass, which records nothing, takes what follows a projection in one pass with it, and rounds
    // otherwise than the second.
    const bound = 'lora' in model ? 0 : 1e-5;
    expect(Math.abs(got.loss / wanted.loss - 1)).toBeLessThanOrEqual(bound);
    expect([...got.gradients.keys()]).toEqual([...wanted.gradients.keys()]);
    const most = Math.max(...[...wanted.gradients.values()].flatMap((values) => [...values].map(Math.abs)));
    for (const [name, values] of wanted.gradients) {
      const apart = largestDifference(got.gradients.get(name)!, values);
      expect(apart / most, name).toBeLessThanOrEqual(bound);
    }
    expect(wanted.gradients.size).toBeGreaterThan(5);
    expect(liveTensors()).toEqual(before);
  });
});

describe('frozen weights', () => {
  it('stay, and have no moments', async () => {
    const checkpoint = await go(plan({ freeze: { embeddings: true, layers: 1 } }), 'frozen');
    const [old, trained] = [weightsOf(base.model.base), weightsOf(checkpoint)];
    const moments = readSafetensors(join(checkpoint, 'trainer', 'optimizer.safetensors'));
    expect([...trained.keys()].sort()).toEqual([...old.keys()].sort());
    for (const [name, { values }] of trained) {
      const stays = /^(embeddings|encoder\.layer\.0)\./.test(name);
      expect(largestDifference(values, old.get(name)!.values) === 0, name).toBe(stays);
      expect(moments.has(`first.${name}`), name).toBe(!stays);
    }
  });

  it('are no more layers than there are', async () => {
    await expect(go(plan({ freeze: { embeddings: false, layers: 3 } }), 'too many')).rejects.toThrow(
      /at most 2, .* got 3/,
    );
  });
});

describe('LoRA', () => {
  it('has in bfloat16 the gradients of float32, but for rounding', async () => {
    const exact = await first(plan({ lora }));
    const rounded = await first(plan({ lora }, { precision: 'bfloat16' }));
    expect(rounded.loss).not.toBe(exact.loss);
    const named = [...exact.gradients].filter(([, values]) => values.some((x) => x !== 0));
    expect(named.length).toBeGreaterThan(2);
    for (const [name, values] of named)
      expect(cosine(rounded.gradients.get(name)!, values), name).toBeGreaterThan(0.98);
  });

  it('changes its targets alone, and its checkpoint is the model with the adapter merged', async () => {
    const before = liveTensors();
    const checkpoint = await go(plan({ lora }), 'lora');
    expect(liveTensors()).toEqual(before);
    const [old, merged] = [weightsOf(base.model.base), weightsOf(checkpoint)];
    const adapter = readSafetensors(join(checkpoint, 'adapter', 'adapter_model.safetensors'));
    const changed = [...merged].flatMap(([name, { values }]) =>
      largestDifference(values, old.get(name)!.values) > 0 ? [name.replace(/\.weight$/, '')] : [],
    );
    const config = JSON.parse(readFileSync(join(checkpoint, 'adapter', 'adapter_config.json'), 'utf8')) as {
      target_modules: string[];
    };
    expect(changed.sort()).toEqual([...config.target_modules].sort());
    // Two layers; output.dense is the end of two projections in each.
    expect(changed).toHaveLength(8);
    expect(adapter.size).toBe(16);
    const moments = readSafetensors(join(checkpoint, 'trainer', 'optimizer.safetensors'));
    expect(moments.size).toBe(32);

    // Merged weights embed as weights and adapter do.
    const { lora: _, ...settings } = base.model;
    const training = { base: '', lora, freeze: base.model.freeze, seed: 1, random: false, recompute: false };
    const apart = loadEncoder(base.model.base, settings, { ...training, adapter: join(checkpoint, 'adapter') });
    const whole = loadEncoder(checkpoint);
    const texts = ['abc def', 'q'].map((text) => whole.tokenizer.encode(text, 16));
    const [one, other] = [apart, whole].map((encoder) => encode(encoder, texts, 'query').values);
    expect(largestDifference(one!, other!)).toBeLessThan(1e-6);
    for (const encoder of [apart, whole]) disposeEncoder(encoder);
  });

  it('stopped and resumed, is bit for bit the run that never stopped', async () => {
    const whole = await go(plan({ lora }), 'lora whole');
    await go(plan({ lora }), 'lora parts', 2);
    expect(checkpointsIn(join(scratch, 'lora parts'))).toHaveLength(1);
    const parts = await go(plan({ lora }), 'lora parts', Number.POSITIVE_INFINITY, true);
    for (const file of ['model.safetensors', 'adapter/adapter_model.safetensors', 'trainer/optimizer.safetensors']) {
      expect(readFileSync(join(parts, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
    }
  });

  it('takes every projection where no targets are named, and refuses one that is not there', async () => {
    const checkpoint = await go(plan({ lora: { ...lora, targets: null } }, { duration: '1 step' }), 'lora on all');
    expect(readSafetensors(join(checkpoint, 'adapter', 'adapter_model.safetensors')).size).toBe(2 * 2 * 6);
    await expect(go(plan({ lora: { ...lora, targets: ['q_proj'] } }), 'lora elsewhere')).rejects.toThrow(
      /model\.lora\.targets to name projections of the model \(attention\.self\.query, .*\), got q_proj/,
    );
    expect(existsSync(join(scratch, 'lora elsewhere'))).toBe(false);
  });

  it('and frozen weights are two ways', () => {
    expect(() => readPlanText(tinyPlan('m', 'c').replace('base: m', 'base: m, lora: {}, freeze: {layers: 1}'))).toThrow(
      /model\.freeze: expected nothing frozen with model\.lora/,
    );
  });
});

describe('new weights', () => {
  it('need a config and a tokenizer alone, are as the seed says, and train and go on', async () => {
    const folder = join(scratch, 'without weights');
    cpSync(base.model.base, folder, { recursive: true });
    rmSync(join(folder, 'model.safetensors'));
    const given = plan({ base: `random:${folder}` });
    const checkpoint = await go(given, 'random');
    await go(given, 'random parts', 3);
    const parts = await go(given, 'random parts', Number.POSITIVE_INFINITY, true);
    const bytes = (at: string): Buffer => readFileSync(join(at, 'model.safetensors'));
    expect(bytes(parts).equals(bytes(checkpoint))).toBe(true);
    const other = await go({ ...given, seed: 18 }, 'random otherwise');
    expect(bytes(other).equals(bytes(checkpoint))).toBe(false);

    const { encoder, objective } = await prepare(given, null);
    const { tensor } = encoder.parameters.find(({ name }) => name.includes('word_embeddings'))!;
    const words = tensor.dataSync() as Float32Array;
    const deviation = Math.sqrt(words.reduce((sum, w) => sum + w * w, 0) / words.length);
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(0.1);
    disposeEncoder(encoder);
    disposeObjective(objective);
  });

  it('are refused by what the folder lacks', async () => {
    await expect(go(plan({ base: `random:${scratch}` }), 'nothing')).rejects.toThrow(
      /after random:, got .* without config\.json and tokenizer\.json/,
    );
  });
});
