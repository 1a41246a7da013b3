import { type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { reasonOf } from '../plan/fault.js';

/** What a program said and how it ended; `code` is null when it could not be started or was stopped for time. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/** The full path of a program, looked up on PATH as a shell would (null when it is not there). */
export function onPath(program: string): string | null {
  const isProgram = (path: string): boolean => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  };
  if (program.includes('/')) return isProgram(program) ? program : null;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder && isProgram(join(folder, program))) return join(folder, program);
  }
  return null;
}

/** Runs a short program and returns its standard output; never throws. */
export function ask(command: readonly string[], seconds = 30): Promise<Ending> {
  return finish(command, { stdio: ['ignore', 'pipe', 'ignore'] }, seconds);
}

/** Runs a long program with everything it says going to a log file; `output` is that file's text. Never throws. */
export async function runLogged(
  command: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ending> {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  try {
    const ending = await finish(command, { stdio: ['ignore', file, file], env }, 3600);
    return { code: ending.code, output: readFileSync(log, 'utf8') || ending.output };
  } finally {
    closeSync(file);
  }
}

function finish(command: readonly string[], options: SpawnOptions, seconds: number): Promise<Ending> {
  return new Promise((resolve) => {
    const [program = '', ...args] = command;
    let output = '';
    const child = spawn(program, args, { ...options, timeout: seconds * 1000, killSignal: 'SIGKILL' });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', (error) => resolve({ code: null, output: reasonOf(error) }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
