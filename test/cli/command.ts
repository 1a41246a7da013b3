import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../plan/places.js';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the compiled command line; `watch` sees standard error as it comes, and may signal. */
export type Command = (
  args: string[],
  watch?: (err: string, kill: (signal: NodeJS.Signals) => void) => void,
) => Promise<Ended>;

/** The command line as a user runs it in a folder (`npm test` builds it first). */
export function commandIn(cwd: string): Command {
  return (args, watch) =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [join(packageRoot, 'dist/cli/main.js'), ...args], { cwd });
      let [out, err] = ['', ''];
      child.stdout.on('data', (text) => {
        out += text;
      });
      child.stderr.on('data', (text) => {
        err += text;
        watch?.(err, (signal) => child.kill(signal));
      });
      child.on('close', (code) => resolve({ code, out, err }));
    });
}
