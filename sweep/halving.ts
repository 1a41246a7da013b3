/** How far a run has come: its score at each rung that it has reached. */
export interface Climber {
  readonly scores: readonly number[];
  readonly training: boolean;
  readonly failed: boolean;
}

/**
 * The next run to train, and to which rung (from 0): asynchronous successive halving (ASHA, Li et al. 2018, algorithm 2).
 * From the top rung down, a run among the best 1/factor of those that reached it is promoted; if there is none, one that
 * has not begun is. At the end, where failures left too few for the top, the best of the highest rung goes on.
 * @returns null where nothing is to be done until one that trains now is done, or at all
 */
export function nextClimb(
  climbers: readonly Climber[],
  rungs: number,
  factor: number,
): { run: number; rung: number } | null {
  for (let rung = rungs - 2; rung >= 0; rung--) {
    const reached = ranked(climbers, rung);
    const best = reached.slice(0, Math.floor(reached.length / factor));
    const run = best.find((i) => isFree(climbers[i]!, rung + 1));
    if (run !== undefined) return { run, rung: rung + 1 };
  }
  const fresh = climbers.findIndex((climber) => isFree(climber, 0));
  if (fresh >= 0) return { run: fresh, rung: 0 };
  const highest = Math.max(...climbers.map(({ scores }) => scores.length)) - 1;
  if (highest < 0 || highest === rungs - 1 || climbers.some(({ training }) => training)) return null;
  const run = ranked(climbers, highest).find((i) => isFree(climbers[i]!, highest + 1));
  return run === undefined ? null : { run, rung: highest + 1 };
}

/** Those that reached a rung, best first; of equals the one that comes first. */
function ranked(climbers: readonly Climber[], rung: number): number[] {
  const reached = [...climbers.keys()].filter((i) => climbers[i]!.scores.length > rung);
  return reached.sort((a, b) => climbers[b]!.scores[rung]! - climbers[a]!.scores[rung]! || a - b);
}

function isFree({ scores, training, failed }: Climber, rung: number): boolean {
  return !training && !failed && scores.length === rung;
}
