import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, engine, tensor1d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../plan/fault.js';
import { useBackend } from '../../tensor/backend.js';
import { startTrace, stopTrace } from '../../tensor/trace.js';
import { traceHook } from '../../train/trace.js';
import { train } from '../../train/train.js';
import { readPlanText } from '../support/plan.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

interface Event {
  readonly ph: string;
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { inputs?: string };
}

// Times are rounded to a thousandth of a microsecond.
const rounding = 0.01;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-trace-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

async function traced(backend: 'torch' | 'wasm', duration = 8): Promise<Event[]> {
  await useBackend(backend);
  const model = writeTinyModel(join(scratch, 'model'));
  const collection = writeTinyCollection(join(scratch, 'collection'));
  const plan = readPlanText(tinyPlan(model, collection, `backend: ${backend}`).replace('8 steps', `${duration} steps`));
  const file = join(scratch, `${backend}-${duration}.json`);
  const hooks = [traceHook(file, () => {})];
  const folder = join(scratch, `run-${backend}-${duration}`);
  await train(plan, { folder, resume: false, stopped: () => false, hooks, say: () => {} });
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: Event[] };
  return traceEvents.filter(({ ph }) => ph === 'X');
}

/** Each event with the one that it lies in; throws where two overlap without one holding the other. */
function parents(events: readonly Event[]): Map<Event, Event | null> {
  const open: Event[] = [];
  const found = new Map<Event, Event | null>();
  for (const event of events) {
    while (open.length > 0 && event.ts >= open.at(-1)!.ts + open.at(-1)!.dur - rounding) open.pop();
    const parent = open.at(-1) ?? null;
    if (parent) expect(event.ts + event.dur).toBeLessThanOrEqual(parent.ts + parent.dur + rounding);
    found.set(event, parent);
    open.push(event);
  }
  return found;
}

describe.each(['torch', 'wasm'] as const)('a trace of training on %s', (backend) => {
  let events: Event[];
  let parentOf: Map<Event, Event | null>;
  beforeAll(async () => {
    events = await traced(backend);
    parentOf = parents(events);
  });

  it('has three steps, each of the four phases', () => {
    const outer = events.filter((event) => parentOf.get(event) === null);
    expect(outer.map(({ name }) => name)).toEqual(['step 2', 'step 3', 'step 4']);
    for (const step of outer) {
      const phases = events.filter((event) => event.cat === 'phase' && parentOf.get(event) === step);
      expect(phases.map(({ name }) => name)).toEqual(['forward', 'backward', 'gradient norm', 'optimizer']);
    }
  });

  it('has every kernel inside a phase, with its inputs’ shapes', () => {
    const kernels = events.filter(({ cat }) => cat === 'kernel');
    const inside = (name: string, phase: string): boolean =>
      kernels.some((kernel) => kernel.name === name && parentOf.get(kernel)?.name === phase);
    expect(inside('Attention', 'forward')).toBe(true);
    expect(inside('AttentionGrad', 'backward')).toBe(true);
    const linear = kernels.find(({ name }) => name === 'Linear');
    expect(linear?.args?.inputs).toMatch(/x float32\[\d+,16\].*float32\[/);
  });

  it('has times that sum up: what lies in a span takes no longer than the span', () => {
    for (const parent of events) {
      const within = events.filter((event) => parentOf.get(event) === parent);
      const sum = within.reduce((total, { dur }) => total + dur, 0);
      expect(sum).toBeLessThanOrEqual(parent.dur + rounding * (within.length + 1));
    }
  });

  it('names libtorch’s operators inside the kernels that call them', () => {
    const within = (operator: string): (string | undefined)[] =>
      events.filter(({ name }) => name === operator).map((event) => parentOf.get(event)?.name);
    const optimizer = within('aten::_fused_adamw_');
    if (backend === 'wasm') return expect(optimizer).toEqual([]);
    expect(new Set(optimizer)).toEqual(new Set(['optimizer']));
    expect(new Set(within('aten::gelu_backward'))).toEqual(new Set(['GeluGrad']));
  });
});

describe('tracing', () => {
  it('leaves what there is when the run ends early', async () => {
    const events = await traced('torch', 2);
    expect(events.filter(({ name }) => name.startsWith('step')).map(({ name }) => name)).toEqual(['step 2']);
  });

  it('refuses a run of one step, and a file that cannot be written', async () => {
    await expect(traced('torch', 1)).rejects.toThrow(/2 steps or more for --trace/);
    expect(() => traceHook(join(scratch, 'no/such/folder/trace.json'), () => {})).toThrow(Fault);
  });

  it('leaves the engine and the addon as they were', async () => {
    await useBackend('torch');
    const before = engine().runKernel;
    const x = tensor1d([1, 2]);
    startTrace();
    add(x, x).dispose();
    expect(stopTrace().map(({ name }) => name)).toEqual(['aten::add.Tensor', 'Add']);
    expect(engine().runKernel).toBe(before);
    add(x, x).dispose();
    expect(stopTrace()).toEqual([]);
    x.dispose();
  });
});
