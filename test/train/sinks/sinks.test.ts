import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PbfReader } from 'pbf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventLine } from '../../../plan/run-events.js';
import { openSinks } from '../../../train/sinks/open-sinks.js';
import { sinkNames } from '../../../train/sinks/sink.js';
import { readPlanText } from '../../support/plan.js';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-sinks-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const plan = readPlanText('name: watched\nmodel: {base: x}\ndata: {sources: [{name: s, kind: public, path: x}]}\n');
const steps = 400;
const event = (step: number): EventLine => ({ step, seconds: step / 10, loss: 1 / step, source: 's' }) as EventLine;
const scored: EventLine = { eval: { step: steps, set: '../dev', split: 'test', metrics: { 'nDCG@10': 0.25 } } };

/** A run that stopped after three quarters and went on from half, written to all sinks. */
function write(): string {
  const run = mkdtempSync(join(scratch, 'run-'));
  writeFileSync(join(run, 'plan.yaml'), 'name: watched\n');
  const events = join(run, 'events.jsonl');
  writeFileSync(events, '');
  const first = openSinks(sinkNames, run, plan);
  for (let step = 1; step <= steps * 0.75; step++) first.line(event(step));
  const kept = Array.from({ length: steps / 2 }, (_, i) => `${JSON.stringify(event(i + 1))}\n`);
  appendFileSync(events, kept.join(''));
  const second = openSinks(sinkNames, run, plan);
  for (let step = steps / 2 + 1; step <= steps; step++) second.line(event(step));
  second.line(scored);
  second.close();
  return run;
}

describe('what a run is written to for other tools', () => {
  it('is TensorBoard’s TFRecords, each step once', () => {
    const folder = join(write(), 'tensorboard');
    const [file, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    const bytes = readFileSync(join(folder, file!));
    const found: [number, string, number][] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = Number(bytes.readBigUInt64LE(at));
      new PbfReader(bytes.subarray(at + 12, at + 12 + length)).readFields(readEvent, { found, step: 0 });
      at += length + 16;
    }
    const losses = found.filter(([, tag]) => tag === 'train/loss');
    expect(losses.map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(losses[3]?.[2]).toBe(0.25);
    expect(found.at(-1)).toEqual([steps, 'eval/../dev/test/nDCG@10', 0.25]);
  });

  it('stays inside the run’s folder, whatever a set is called', () => {
    const run = write();
    expect(readdirSync(join(run, '..')).every((name) => name.startsWith('run-'))).toBe(true);
    expect(readdirSync(join(run, 'mlruns/0')).length).toBe(2);
    const [id] = readdirSync(join(run, 'mlruns/0')).filter((name) => name !== 'meta.yaml');
    const metrics = join(run, 'mlruns/0', id!, 'metrics');
    expect(readdirSync(metrics, { recursive: true, encoding: 'utf8' })).toContain('eval/_/dev/test/nDCG_at_10');
    expect(readFileSync(join(metrics, 'train/loss'), 'utf8').trim().split('\n')).toHaveLength(steps);
  });

  const python = process.env.PYTHON ?? 'python3';
  const folders = { tensorboard: 'tensorboard', mlflow: 'mlruns', wandb: 'wandb' };
  it.for(sinkNames)('is what %s itself reads', (tool, { skip }) => {
    if (spawnSync(python, ['-c', `import ${tool}`]).status !== 0) {
      skip(`${tool} is not installed for ${python}; set PYTHON to one that has it`);
    }
    const read = join(import.meta.dirname, 'read.py');
    const { stdout, stderr } = spawnSync(python, [read, tool, join(write(), folders[tool])], { encoding: 'utf8' });
    const last = stdout.trim().split('\n').at(-1) ?? '';
    expect(last, stderr).toMatch(/^\{/);
    const found = JSON.parse(last);
    expect(found['train/loss'].map(([step]: [number]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(found['train/loss'][1][1]).toBe(0.5);
    expect(Object.keys(found).some((tag) => tag.endsWith('dev/test/nDCG@10') || tag.endsWith('nDCG_at_10'))).toBe(true);
  });
});

type Context = { found: [number, string, number][]; step: number };

function readEvent(tag: number, context: Context, reader: PbfReader): void {
  if (tag === 2) context.step = reader.readVarint();
  else if (tag === 5) reader.readMessage((t, c: Context, r) => t === 1 && r.readMessage(readValue, c), context);
}

function readValue(tag: number, { found, step }: Context, reader: PbfReader): void {
  if (tag === 1) found.push([step, reader.readString(), 0]);
  else if (tag === 2) found.at(-1)![2] = reader.readFloat();
}
