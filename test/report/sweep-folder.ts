import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { stringify } from 'yaml';
import { type Result, writeResult } from '../../eval/result.js';

export interface Fiction {
  readonly variants: readonly { readonly name: string; readonly gain: number }[];
  readonly seeds?: readonly number[];
  readonly queries?: number;
  readonly steps?: number;
  readonly sets?: readonly string[];
  /** A step from which on the losses of the last variant's last seed are no numbers. */
  readonly diverges?: number;
  /** Score the model in training every so many steps. */
  readonly evaluate?: number;
  readonly record?: boolean;
  readonly baseline?: string | null;
}

/** Writes a sweep's folder as `sweep` does, of runs that never were: for tests of tables and pictures alone. */
export function writeFiction(folder: string, given: Fiction): string {
  const { variants, seeds = [1, 2, 3], sets = ['pep'], record = true, baseline = null } = given;
  const base = 'sentence-transformers/all-MiniLM-L6-v2';
  for (const set of sets) {
    writeSystem(join(folder, 'baselines'), 'BM25', 'bm25', set, given, -0.06, 900);
    writeSystem(join(folder, 'baselines'), 'all-MiniLM-L6-v2', base, set, given, 0, 901);
  }
  const runs = variants.flatMap(({ name, gain }, v) =>
    seeds.map((seed) => {
      const hash = `${'0'.repeat(8)}${(4096 + v * 64 + seed).toString(16)}`;
      const run = `${name}-seed${seed}-${hash}`;
      writeRunFolder(join(folder, run), { ...given, variants }, v, seed);
      for (const set of sets)
        writeSystem(join(folder, run, 'results'), run, join(folder, run), set, given, gain, v * 100 + seed);
      const effort = { steps: given.steps ?? 40, tokens: 680_000, seconds: 331.2 };
      return { variant: name, seed, hash, folder: run, state: 'done', ...effort, settings: { 'train.batch_size': v } };
    }),
  );
  const sweep = { name: 'fiction', baseline, bases: [base], baselines: 'baselines', runs };
  if (record) writeFileSync(join(folder, 'sweep.json'), JSON.stringify(sweep));
  return folder;
}

function writeRunFolder(run: string, given: Fiction, v: number, seed: number): void {
  const { steps = 40, diverges, evaluate = 0, variants, seeds = [1, 2, 3] } = given;
  mkdirSync(run, { recursive: true });
  writeFileSync(
    join(run, 'plan.yaml'),
    stringify({ name: variants[v]?.name, seed, data: { sources: [{ name: 'a' }] }, train: { batch_size: v } }),
  );
  const random = xoroshiro128plus(v * 77 + seed);
  const uniform = () => (random.next() >>> 0) / 2 ** 32;
  const broken = v === variants.length - 1 && seed === seeds.at(-1) ? diverges : undefined;
  const lines = Array.from({ length: steps }, (_, i) => {
    const step = i + 1;
    const loss = 0.5 + v * 0.05 + 1.6 * Math.exp((-4 * step) / steps) + 0.3 * (uniform() - 0.5);
    const is = broken !== undefined && step >= broken ? null : loss;
    const lr = 2e-5 * Math.min(step / (steps * 0.1), 1 - i / steps);
    const grad = is === null ? null : 1 + uniform() + 2 * Math.exp((-6 * step) / steps);
    const line = { step, loss: is, grad_norm: grad, lr, tokens: 15_000 + Math.round(4000 * uniform()) };
    const speed = 2000 + Math.round(300 * uniform());
    const event = JSON.stringify({ ...line, tokens_per_s: speed, seconds: step * 8.2, memory_mb: 1500, source: 'a' });
    if (!evaluate || step % evaluate !== 0) return `${event}\n`;
    const score = 0.39 + (variants[v]?.gain ?? 0) * (1 - Math.exp((-3 * step) / steps)) + 0.01 * (uniform() - 0.5);
    return `${event}\n{"eval":{"step":${step},"set":"pep","split":"dev","metrics":{"nDCG@10":${score},"R@100":${score + 0.4}}}}\n`;
  });
  writeFileSync(join(run, 'events.jsonl'), lines.join(''));
}

function writeSystem(
  out: string,
  system: string,
  model: string,
  set: string,
  { queries = 60 }: Fiction,
  gain: number,
  seed: number,
): void {
  const ids = Array.from({ length: queries }, (_, i) => `q${i}`);
  // Queries are as hard for one system as for another; the rest is the system's own.
  const [shared, own] = [xoroshiro128plus(set.length), xoroshiro128plus(seed)];
  const uniform = (from: typeof own) => (from.next() >>> 0) / 2 ** 32;
  const values = ids.map(() => Math.min(1, Math.max(0, uniform(shared) * 0.8 + gain + 0.16 * (uniform(own) - 0.5))));
  const mean = values.reduce((a, b) => a + b, 0) / queries;
  const measure = (shift: number) =>
    Object.fromEntries(ids.map((id, i) => [id, Math.min(1, (values[i] ?? 0) + shift)]));
  const result: Result = {
    ...{ system, model, set, split: 'test', queries, documents: 736 },
    metrics: { 'nDCG@10': mean, 'R@100': Math.min(1, mean + 0.3) },
    perQuery: { 'nDCG@10': measure(0), 'R@100': measure(0.3) },
  };
  writeResult(out, result, new Map(ids.map((id) => [id, [{ id: 'd1', score: uniform(own) }]])));
}
