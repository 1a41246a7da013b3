import { type ChildProcess, spawn } from 'node:child_process';
import { Fault } from '../plan/fault.js';

/** What a finished run of the command line left behind. */
export interface Finished {
  /** 130 where it was stopped by Ctrl-C and can go on. */
  readonly code: number;
  readonly stdout: string;
  /** Why it failed: for a fault, its message, the last line of standard error. */
  readonly reason: string;
}

export interface Start {
  /** The compiled command line. */
  readonly main: string;
  readonly args: readonly string[];
  /** Over this process's own. */
  readonly env: Readonly<Record<string, string>>;
  /** A line that it says. */
  readonly say: (line: string) => void;
}

const running = new Set<ChildProcess>();

/**
 * Runs `reasontune` with the given arguments as a process of its own, so that nothing of one run reaches the next. The
 * terminal's Ctrl-C does not reach it: {@link interruptAll} does, once.
 */
export function runCommand({ main, args, env, say }: Start): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      detached: true,
    });
    running.add(child);
    let [stdout, last, rest] = ['', '', ''];
    const told = (line: string): void => {
      if (line.trim() === '') return;
      last = line.trim();
      say(last);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(told);
    });
    child.on('error', (error) => {
      running.delete(child);
      reject(new Fault(`Expected to start ${process.execPath}, got: ${error.message}.`));
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      told(rest);
      const ended = signal === 'SIGINT' || signal === 'SIGTERM' ? 130 : (code ?? 2);
      // What the system ends for want of memory says nothing itself.
      resolve({ code: ended, stdout, reason: signal ? `ended by ${signal}; its last line was: ${last}` : last });
    });
  });
}

/** Asks all that run to save and stop. */
export function interruptAll(): void {
  for (const child of running) child.kill('SIGINT');
}

process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});
