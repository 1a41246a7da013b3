import { spawn } from 'node:child_process';
import { Fault } from '../plan/fault.js';

/** What a finished run of the command line left behind. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  /** The last line of standard error: for a fault, its message. */
  readonly lastLine: string;
}

/**
 * Runs `reasontune` with the given arguments as a process of its own, passing its progress on. Every training starts
 * from a fresh process, so that nothing of one run reaches the next. Ctrl-C reaches the child by the terminal.
 */
export function runCommand(main: string, args: readonly string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, lastLine, rest] = ['', '', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      process.stderr.write(text);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lastLine = lines.findLast((line) => line.trim() !== '') ?? lastLine;
    });
    child.on('error', (error) => reject(new Fault(`Expected to start ${process.execPath}, got: ${error.message}.`)));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 2), stdout, lastLine: rest.trim() || lastLine }),
    );
  });
}
