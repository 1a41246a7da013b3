import type { Sweep } from '../plan/sweep/sweep.js';
import { type Arguments, wholeRun } from './commands.js';
import { type Placed, placeRuns, writePlans } from './layout.js';
import { Ledger } from './ledger.js';
import { sharedCommands } from './shared.js';

/** A command of ours as a line for a shell. */
export function shellLine(main: string, args: Arguments): string {
  return [process.execPath, main, ...args].map(quoted).join(' ');
}

/** The line that trains and evaluates a run, from wherever it is; a second time it goes on. */
export function runLine(main: string, placed: Placed): string {
  return wholeRun(placed)
    .map((args) => shellLine(main, args))
    .join(' && ');
}

/**
 * A sweep as lines for any scheduler, its plans written: first what runs share, in order; then a line a run, in any order
 * and at once. The sweep, started again after them, finds them done and makes the tables.
 */
export function commandLines(sweep: Sweep, main: string, folder: string): { shared: string[]; runs: string[] } {
  const placed = placeRuns(folder, sweep);
  writePlans(placed);
  const ledger = new Ledger(folder, sweep, placed);
  const waiting = ledger.in('waiting', 'stopped');
  const shared = sharedCommands(folder, placed, waiting).filter(({ done }) => !done());
  return { shared: shared.map(({ args }) => shellLine(main, args)), runs: waiting.map((one) => runLine(main, one)) };
}

/** A word that a shell takes as it is. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
