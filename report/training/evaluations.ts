import { Fault } from '../../plan/fault.js';
import type { Picture } from '../charts/chart.js';
import { type Curve, mostBehind, type Point, writeCurves } from '../charts/curves.js';
import type { EvaluationEvent, History } from '../events.js';
import { type Axis, positions, unitOf } from './axis.js';
import { type Group, readGroups } from './runs.js';
import { overSeeds } from './seeds.js';

/**
 * Draws how runs did on an eval set while they trained: a measure by step, tokens or time; of several seeds their mean,
 * and a band from the lowest to the highest.
 *
 * @throws Fault where no run was evaluated in training, or not so
 */
export function writeEvaluations(
  prefix: string,
  paths: readonly string[],
  {
    axis,
    set,
    measure,
  }: { readonly axis: Axis; readonly set: string | undefined; readonly measure: string | undefined },
): Picture {
  const groups = readGroups(paths);
  const all = groups.flatMap(({ runs }) => runs.flatMap(({ evaluations }) => evaluations));
  if (all.length === 0) {
    throw new Fault(
      `Expected runs that were evaluated while they trained for ${paths.join(' ')}, got none. Set train.evaluate in the plan.`,
    );
  }
  const title = pick('--set', [...new Set(all.map(titleOf))], set, (one) => one.split(', ')[0] as string);
  const here = all.filter((event) => titleOf(event) === title);
  const by = pick('--measure', [...new Set(here.flatMap(({ metrics }) => Object.keys(metrics)))], measure);
  const last = Math.max(...groups.flatMap(({ runs }) => runs.map(({ steps }) => positions(steps, axis).at(-1) ?? 0)));
  const unit = unitOf(axis, last);
  const curves = groups.flatMap((group) => curveOf(group, { title, by, axis, size: unit.size }));
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  const band = curves.length > mostBehind ? '' : ' Band: from the lowest to the highest seed.';
  return writeCurves(prefix, {
    title: `${by} on ${title} while training`,
    subtitle: seeds > 1 ? `Line: mean over seeds.${band}` : 'One point an evaluation.',
    x: unit.heading,
    y: by,
    curves,
    points: true,
  });
}

interface Drawing {
  readonly title: string;
  readonly by: string;
  readonly axis: Axis;
  readonly size: number;
}

function curveOf({ name, runs }: Group, drawing: Drawing): Curve[] {
  const lines = runs.map((run) => lineOf(run, drawing)).filter((line) => line.length > 0);
  const [first] = lines;
  if (!first) return [];
  const { mean, band } = lines.length > 1 ? overSeeds(lines) : { mean: first, band: [] };
  return [{ name, line: mean, band, raw: [], bulk: null, broken: null }];
}

function lineOf({ steps, evaluations }: History, { title, by, axis, size }: Drawing): Point[] {
  const [places, numbers] = [positions(steps, axis), steps.column('step')];
  let at = 0;
  return evaluations.flatMap((event) => {
    const value = event.metrics[by];
    if (titleOf(event) !== title || value === undefined) return [];
    while (at < steps.length - 1 && (numbers[at] as number) < event.step) at++;
    // Before the first step nothing was read and no time had passed.
    return [{ x: event.step === 0 ? 0 : (places[at] as number) / size, y: value }];
  });
}

function titleOf({ set, split }: EvaluationEvent): string {
  return split === undefined ? set : `${set}, ${split}`;
}

function pick(
  option: string,
  choices: readonly string[],
  wanted: string | undefined,
  short = (one: string) => one,
): string {
  const found = wanted === undefined ? choices[0] : choices.find((one) => one === wanted || short(one) === wanted);
  if (found !== undefined) return found;
  throw new Fault(`Expected what was evaluated for ${option}, got ${wanted}. Choose one of: ${choices.join('; ')}.`);
}
