import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type Climber, nextClimb } from '../../sweep/halving.js';
import { interruptAll } from '../../sweep/process.js';
import { run, started, sweepOf, useFake } from './fake.js';

useFake();

/** Runs all climbs one after the other, each run with its own score at every rung. */
function climbAll(
  scores: readonly number[],
  rungs: number,
  factor: number,
  fails = (_run: number) => false,
): number[][] {
  const climbers = scores.map(() => ({ scores: [] as number[], training: false, failed: false }));
  const done: number[][] = [];
  for (let next = nextClimb(climbers, rungs, factor); next; next = nextClimb(climbers, rungs, factor)) {
    const { run: i, rung } = next;
    done.push([i, rung]);
    if (fails(i) && rung > 0) climbers[i]!.failed = true;
    else climbers[i]!.scores.push(scores[i]!);
  }
  return done;
}

describe('asynchronous successive halving', () => {
  it('promotes as soon as it can: nine runs, by hand', () => {
    const order = climbAll([5, 1, 2, 9, 3, 4, 8, 6, 7], 3, 3);
    const begin = (...runs: number[]): number[][] => runs.map((run) => [run, 0]);
    expect(order).toEqual([
      // The best of three, though better ones have not begun.
      ...[...begin(0, 1, 2), [0, 1]],
      ...[...begin(3), [3, 1]],
      // A second place among six, and with it three on the second rung.
      ...[...begin(4, 5, 6), [6, 1], [3, 2]],
      ...[...begin(7, 8), [8, 1]],
    ]);
  });

  it('each rung holds at least one in `factor` of the one below, all promoted from its best by then', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 9, maxLength: 40 }), (scores) => {
        const order = climbAll(scores, 3, 3);
        const at = (rung: number): number[] => order.flatMap(([i, r]) => (r === rung ? [i!] : []));
        expect(at(0).sort((a, b) => a - b)).toEqual([...scores.keys()]);
        for (const rung of [1, 2]) {
          expect(new Set(at(rung)).size).toBe(at(rung).length);
          expect(at(rung).length).toBeGreaterThanOrEqual(Math.floor(at(rung - 1).length / 3));
          // The best of all below is among them: nothing that came later could have kept it out.
          const below = at(rung - 1);
          const best = below.reduce((a, b) => (scores[b]! > scores[a]! ? b : a));
          expect(at(rung).map((i) => scores[i])).toContain(scores[best]);
        }
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it('waits for what trains, and fills the top where failures left it empty', () => {
    const of = (scores: number[], more: Partial<Climber> = {}): Climber => ({
      scores,
      training: false,
      failed: false,
      ...more,
    });
    expect(nextClimb([of([1]), of([2], { training: true })], 2, 2)).toBeNull();
    expect(nextClimb([of([1]), of([2], { failed: true })], 2, 2)).toEqual({ run: 0, rung: 1 });
    expect(nextClimb([of([1]), of([], { failed: true })], 2, 2)).toEqual({ run: 0, rung: 1 });
    expect(nextClimb([of([], { failed: true })], 2, 2)).toBeNull();
    expect(climbAll([1, 2, 3, 4], 2, 4, (i) => i === 3)).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 0],
      [3, 1],
      [2, 1],
    ]);
  });
});

const search = `seeds: [1]
axes: {train.optimizer.learning_rate: [0.1, 0.3, 0.4, 0.2]}
halving: {by: nDCG@10, set: two, first: 3 steps, factor: 3}
`;

describe('a sweep with halving', () => {
  it('trains all to the first rung, and the best on from there', async () => {
    const { record, variants } = await run(sweepOf(search));
    const name = (rate: number): string => `learning_rate-${rate}-seed1`;
    expect(started().slice(3)).toEqual([
      ...[0.1, 0.3, 0.4].flatMap((rate) => [`train ${name(rate)} to 3 steps`, `eval ${name(rate)} at 3-steps`]),
      ...[`train ${name(0.4)}`, `eval ${name(0.4)}`],
      ...[`train ${name(0.2)} to 3 steps`, `eval ${name(0.2)} at 3-steps`],
    ]);
    expect(record.runs.map(({ state, steps }) => `${state} ${steps}`)).toEqual([
      'halved 3',
      'halved 3',
      'done 9',
      'halved 3',
    ]);
    expect(record.runs[3]!.rungs).toEqual([{ duration: '3 steps', score: 0.2 }]);
    expect(variants.map((variant) => variant.name)).toEqual(['learning_rate-0.4']);
    await run(sweepOf(search));
    expect(started()).toEqual([]);
  });

  it('goes on after a stop from the scores that are there', async () => {
    vi.stubEnv('FAKE_SLOW', 's-learning_rate-0.4-seed1');
    const said: string[] = [];
    let asked = false;
    const going = run(sweepOf(search), () => asked, said);
    await vi.waitFor(() => expect(said).toContain('learning_rate-0.4-seed1: training'), { timeout: 20_000 });
    asked = true;
    interruptAll();
    expect((await going).record.runs.map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped', 'waiting']);
    vi.stubEnv('FAKE_SLOW', '');
    started();
    const { record } = await run(sweepOf(search));
    expect(started().filter((words) => /train .*0\.[13]/.test(words))).toEqual([]);
    expect(record.runs.map(({ state }) => state)).toEqual(['halved', 'halved', 'done', 'halved']);
  });
});
