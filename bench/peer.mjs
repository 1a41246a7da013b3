import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs one job of peer.py with $PYTHON (python3), which needs sentence-transformers. */
export function peer(job) {
  const python = process.env.PYTHON ?? 'python3';
  const made = spawnSync(python, [fileURLToPath(new URL('peer.py', import.meta.url))], {
    input: JSON.stringify(job),
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  if (made.status !== 0) {
    console.error(`${python} with sentence-transformers did not run: ${made.stderr?.trim().split('\n').at(-1)}`);
    process.exit(1);
  }
  return JSON.parse(made.stdout.slice(made.stdout.indexOf('{')));
}
