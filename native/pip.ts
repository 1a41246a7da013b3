import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../plan/places.js';
import { ask, type Ending, onPath, runLogged } from './command.js';

/** The names under which a Python is looked for, in order. */
export const PYTHONS = ['python3', 'python'] as const;

// One quick retry: a machine without a network should hear so in seconds. No package code is ever built or run.
const COMMON = [
  '--no-input',
  '--disable-pip-version-check',
  '--retries',
  '1',
  '--timeout',
  '15',
  '--progress-bar',
  'off',
];

/** A command that runs pip (`python3 -m pip`), or why there is none. */
export async function findPip(): Promise<{ pip: readonly string[] } | { reason: string }> {
  const pythons = PYTHONS.filter((name) => onPath(name) !== null);
  if (pythons.length === 0) return { reason: 'no Python on PATH (tried python3, python)' };
  for (const python of pythons) {
    const pip = [python, '-m', 'pip'];
    if ((await ask([...pip, '--version'])).code === 0) return { pip };
  }
  return pipFromEnsurepip(pythons[0]!);
}

// A pip of our own in a virtual environment in the cache: ensurepip run on the user's Python would change it.
async function pipFromEnsurepip(python: string): Promise<{ pip: readonly string[] } | { reason: string }> {
  const folder = cacheFolder('pip');
  const pip = [join(folder, 'bin', 'python'), '-m', 'pip'];
  if (existsSync(pip[0]!) && (await ask([...pip, '--version'])).code === 0) return { pip };
  const { code } = await ask([python, '-m', 'venv', '--clear', folder], 120);
  if (code === 0 && (await ask([...pip, '--version'])).code === 0) return { pip };
  rmSync(folder, { recursive: true, force: true });
  return { reason: `${python} has neither pip nor ensurepip; install pip (on Debian and Ubuntu: python3-pip)` };
}

/** Runs one pip subcommand into a log file, with temporary files in `temporary` (the system's may be small). */
export function runPip(
  pip: readonly string[],
  subcommand: 'install' | 'download',
  args: readonly string[],
  log: string,
  temporary: string,
): Promise<Ending> {
  const env = { ...process.env, TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: '0' };
  return runLogged([...pip, subcommand, ...COMMON, '--only-binary', ':all:', ...args], log, env);
}

/** The line of pip's output that says what went wrong. */
export function pipComplaint(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const line = lines.findLast((text) => /^(ERROR|error):/.test(text)) ?? lines.findLast((text) => text !== '');
  return (line ?? 'pip said nothing').replace(/^(ERROR|error):\s*/, '').replace(/\/\/[^/\s@]+@/g, '//');
}
