import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { leaves } from '../../plan/difference.js';
import { planHash } from '../../plan/hash.js';
import type { EventLine } from '../../plan/run-events.js';
import type { RunPlan } from '../../plan/schema.js';
import { mlflow } from './mlflow.js';
import type { OpenSink, RunFacts, Sink, SinkName } from './sink.js';
import { tensorboard } from './tensorboard.js';
import { wandb } from './wandb.js';

const openers = { tensorboard, mlflow, wandb } satisfies Record<SinkName, OpenSink>;
// MLflow looks for a folder of this name by itself.
const folders = { tensorboard: 'tensorboard', mlflow: 'mlruns', wandb: 'wandb' } satisfies Record<SinkName, string>;

/** Begins sinks in a run's folder with what events.jsonl holds, and gives them each further line. */
export function openSinks(
  names: readonly SinkName[],
  run: string,
  plan: RunPlan,
): { line: (line: EventLine) => void; close: () => void } {
  if (names.length === 0) return { line: () => {}, close: () => {} };
  const began = statSync(join(run, 'plan.yaml')).mtimeMs / 1000;
  const facts: RunFacts = { name: plan.name, hash: planHash(plan), settings: settingsOf(plan), began };
  const sinks: Sink[] = names.map((name) => openers[name](join(run, folders[name]), facts));
  let time = began;
  const line = (event: EventLine, now?: number): void => {
    // Of an earlier session only the seconds since its own beginning are known.
    time = now ?? Math.max(time, 'eval' in event ? time : began + event.seconds);
    const step = 'eval' in event ? event.eval.step : event.step;
    for (const sink of sinks) sink.add({ step, time, values: valuesOf(event) });
  };
  for (const text of readFileSync(join(run, 'events.jsonl'), 'utf8').split('\n')) {
    if (text !== '') line(JSON.parse(text) as EventLine);
  }
  return {
    line: (event) => line(event, Date.now() / 1000),
    close: () => {
      for (const sink of sinks) sink.close();
    },
  };
}

function valuesOf(event: EventLine): Record<string, number> {
  if ('eval' in event) {
    const { set, split, metrics } = event.eval;
    return Object.fromEntries(
      Object.entries(metrics).map(([measure, value]) => [`eval/${set}/${split}/${measure}`, value]),
    );
  }
  const numbers = Object.entries(event).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && entry[0] !== 'step',
  );
  return Object.fromEntries(numbers.map(([name, value]) => [`train/${name}`, value]));
}

/** A plan's values by dotted path, lists as JSON. */
function settingsOf(plan: RunPlan): RunFacts['settings'] {
  const values = [...leaves(plan)].filter(([, value]) => value !== undefined);
  return Object.fromEntries(values.map(([path, value]) => [path, settingOf(value)]));
}

function settingOf(value: unknown): RunFacts['settings'][string] {
  const single = value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return single ? value : JSON.stringify(value);
}
