import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, packageRoot } from '../../plan/places.js';
import { writeWhole } from '../../plan/whole-file.js';
import type { Addon, Kernel } from './addon.js';

const folder = join(packageRoot, 'native', 'kernels');

/** Every file of CUDA C of ours, by name. */
export function kernelSources(): Map<string, string> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cu'));
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/**
 * Our own kernels on one CUDA device. A source is compiled by NVRTC when it is first used on an architecture, and its
 * machine code kept in the cache under source, architecture and compiler.
 */
export class OwnKernels {
  readonly #addon: Addon;
  readonly #architecture: string;
  readonly #loaded = new Map<string, Kernel>();

  constructor(addon: Addon, device: number) {
    this.#addon = addon;
    this.#architecture = `sm_${addon.cudaDevice(device).capability}`;
  }

  /** The kernel `name` of a file in native/kernels/. */
  get(file: string, name: string): Kernel {
    const known = this.#loaded.get(name);
    if (known) return known;
    const kernel = this.#addon.loadKernel(machineCode(this.#addon, file, this.#architecture), name);
    this.#loaded.set(name, kernel);
    return kernel;
  }
}

/** A file's machine code for an architecture: from the cache, else compiled. Needs NVRTC, but no GPU. */
function machineCode(addon: Addon, file: string, architecture: string): Uint8Array {
  const source = readFileSync(join(folder, file), 'utf8');
  const key = createHash('sha256').update([source, architecture, addon.nvrtcVersion()].join('\0')).digest('hex');
  const cached = cacheFolder('kernels', `${key.slice(0, 20)}.cubin`);
  if (existsSync(cached)) return readFileSync(cached);
  const made = addon.compileKernels(source, file, architecture);
  writeWhole(cached, made);
  return made;
}
