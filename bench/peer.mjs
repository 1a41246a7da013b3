import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../dist/plan/places.js';

// The registry's default torch, 5.3 GB with its CUDA libraries: Python does not load it without them.
const packages = ['sentence-transformers==6.2.0', 'torch==2.15.0'];

/** A Python with sentence-transformers: $PYTHON, or one in our cache, made at first use (about two minutes). */
export function python() {
  if (process.env.PYTHON) return process.env.PYTHON;
  const folder = cacheFolder('bench-peer');
  const made = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === packages.join()) return made;
  console.error(`setting up the peer (${packages.join(', ')}, 5.5 GB, once) in ${folder} …`);
  run('python3', ['-m', 'venv', folder]);
  run(made, ['-m', 'pip', 'install', '--quiet', ...packages]);
  writeFileSync(stamp, packages.join());
  return made;
}

function run(command, args, options = {}) {
  const made = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 30, ...options });
  if (made.status === 0) return made.stdout;
  console.error(`${command} ${args[0]} failed: ${made.error?.message ?? made.stderr.trim().split('\n').at(-1)}`);
  process.exit(1);
}

export const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const answer = (output) => JSON.parse(output.slice(output.indexOf('{')));

/** Runs one job of peer.py in a process of its own. */
export function peer(job) {
  return answer(run(python(), [here('peer.py')], { input: JSON.stringify(job) }));
}

/** Runs the same job of ours.mjs. */
export function ours(job) {
  return answer(run(process.execPath, [here('ours.mjs')], { input: JSON.stringify(job) }));
}

/** Seconds until a command has written a line that matches; the command is ended then. */
export function secondsUntil(command, args, matches) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let written = '';
    const look = (chunk) => {
      written += chunk;
      if (!matches.test(written)) return;
      resolve((performance.now() - began) / 1000);
      child.kill('SIGKILL');
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('close', () => reject(new Error(`${command} ended without it: ${written.trim().split('\n').at(-1)}`)));
  });
}
