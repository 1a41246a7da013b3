import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf } from '../plan/fault.js';
import { cacheFolder } from '../plan/places.js';
import { nvidiaDriver } from './driver.js';
import { inspectTorch, PINNED_TORCH, privateTorchFolder } from './find-torch.js';
import { findPip, pipComplaint, runPip } from './pip.js';
import { say, since } from './progress.js';
import { makeWhole } from './temporary.js';

// libtorch_cpu of the CUDA wheel links to these two; their versions are those of the CUDA toolkit the pinned torch asks
// for (cuda-toolkit 13.2.2). The other CUDA packages, 4 GB, serve libtorch_cuda only.
const CPU_PART = [
  '--no-deps',
  `torch==${PINNED_TORCH}`,
  'nvidia-cuda-runtime==13.2.86',
  'nvidia-cuda-cupti==13.2.86',
] as const;

// Any pip can fetch the wheel of another Python, and nothing here runs it: for Pythons this torch has no wheel for.
const OTHER_PYTHON = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312'] as const;

/**
 * Installs a torch of our own into the cache with whatever pip there is; the user's Python is left as it is. Without an
 * NVIDIA driver only the part that the CPU needs, unless `cuda` says otherwise. Returns null when it is there, else the
 * reason why not.
 */
export async function installTorch(cuda = nvidiaDriver() !== null): Promise<string | null> {
  const folder = privateTorchFolder(cuda);
  const what = `torch ${PINNED_TORCH}${cuda ? '' : ' (the CPU part)'}`;
  const gigabytes = cuda ? 5.3 : 1.3;
  const packages = cuda ? [`torch==${PINNED_TORCH}`] : CPU_PART;

  const found = await findPip();
  if ('reason' in found) return found.reason;
  const lack = lackOfSpace(dirname(folder), gigabytes);
  if (lack) return `${what} ${lack}`;

  say(`installing ${what} with pip: ${gigabytes} GB, once, into ${folder}`);
  const start = performance.now();
  try {
    // Another process may have been quicker; anything else under that name is damaged.
    if (typeof (await inspectTorch('private', join(folder, 'torch'))) !== 'string') return null;
    rmSync(folder, { recursive: true, force: true });
    await makeWhole(folder, (temporary) => pipInto(temporary, found.pip, packages));
  } catch (error) {
    return `${what} could not be installed: ${reasonOf(error)}`;
  }
  say(`installed ${what} in ${since(start)}`);
  return null;
}

async function pipInto(target: string, pip: readonly string[], packages: readonly string[]): Promise<void> {
  const log = cacheFolder('install-torch.log');
  const scratch = join(target, '.pip');
  mkdirSync(scratch);
  const args = ['--no-user', '--no-compile', '--target', target, ...packages];
  const start = performance.now();
  const alive = setInterval(() => say(`still installing after ${since(start)}`), 30_000);
  try {
    let ending = await runPip(pip, 'install', args, log, scratch);
    if (ending.code !== 0 && ending.output.includes('No matching distribution found for torch')) {
      ending = await runPip(pip, 'install', [...OTHER_PYTHON, ...args], log, scratch);
    }
    if (ending.code !== 0) throw new Error(`${pipComplaint(ending.output)} (pip's output: ${log})`);
  } finally {
    clearInterval(alive);
    rmSync(scratch, { recursive: true, force: true });
  }
}

// The wheels and what is unpacked from them lie side by side for a while.
function lackOfSpace(folder: string, gigabytes: number): string | null {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1e9;
  if (free > 2 * gigabytes) return null;
  return `needs ${2 * gigabytes} GB of disk while it is installed, there are ${free.toFixed(1)} GB free in ${folder}`;
}
