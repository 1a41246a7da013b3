import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './command.js';

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib/wsl/lib',
  '/usr/local/nvidia/lib64',
];

/** What shows that this machine has an NVIDIA driver (a sentence for `doctor`), or null when nothing does. */
export function nvidiaDriver(): string | null {
  const version = kernelModuleVersion();
  if (version) return `version ${version}`;
  if (existsSync('/dev/nvidiactl')) return '/dev/nvidiactl';
  const tool = onPath('nvidia-smi');
  if (tool) return tool;
  const folders = [...LIBRARY_FOLDERS, ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean)];
  return folders.map((folder) => join(folder, 'libcuda.so.1')).find((file) => existsSync(file)) ?? null;
}

function kernelModuleVersion(): string | null {
  try {
    const text = readFileSync('/proc/driver/nvidia/version', 'utf8');
    return /\s(\d+\.\d+(?:\.\d+)?)\s/.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}
