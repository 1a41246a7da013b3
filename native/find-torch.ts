import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fault } from '../plan/fault.js';
import { cacheFolder } from '../plan/places.js';
import { ask, onPath } from './command.js';
import { nvidiaDriver } from './driver.js';
import { missingLibraries } from './libraries.js';
import { PYTHONS } from './pip.js';

/** The torch that our private install pins. */
export const PINNED_TORCH = '2.15.0';

// Varlen attention windows and the fused AdamW on CPU came with 2.4; older ones are not worth compiling against.
const OLDEST = [2, 4] as const;

export type Origin = 'LIBTORCH' | 'python' | 'private';

/** A libtorch that can be compiled against and loaded. */
export interface Torch {
  readonly origin: Origin;
  readonly version: string;
  readonly root: string;
  readonly libFolder: string;
  readonly includeFolders: readonly string[];
  /** libtorch_cuda is there and everything it links to as well (says nothing about a GPU). */
  readonly cuda: boolean;
}

/** One place that was looked at; `refused` says why it was not taken, null for the chosen one. */
export interface Candidate {
  readonly origin: Origin;
  readonly place: string;
  readonly refused: string | null;
}

export interface TorchSearch {
  readonly torch: Torch | null;
  readonly candidates: readonly Candidate[];
  /** The folders in which the Pythons asked would show a torch installed or removed later. */
  readonly sites: readonly string[];
}

/** The folder of our private torch: the whole of it, or the CPU-only part for machines without an NVIDIA driver. */
export function privateTorchFolder(cuda: boolean): string {
  return cacheFolder(`torch-${PINNED_TORCH}${cuda ? '' : '-cpu'}`);
}

/**
 * Looks for libtorch: `$LIBTORCH`, the torch of an active Python, our private one; the first that serves is chosen.
 * `failed` maps the roots that were tried already (they did not compile or load) to what went wrong.
 * @throws Fault when `LIBTORCH` is set but cannot serve: what the user asked for is never silently replaced.
 */
export async function findTorch(failed: ReadonlyMap<string, string> = new Map()): Promise<TorchSearch> {
  const candidates: Candidate[] = [];
  const sites: string[] = [];
  const consider = async (origin: Origin, place: string): Promise<Torch | null> => {
    const verdict = failed.get(place) ?? (await inspectTorch(origin, place));
    candidates.push({ origin, place, refused: typeof verdict === 'string' ? verdict : null });
    return typeof verdict === 'string' ? null : verdict;
  };

  const named = process.env.LIBTORCH;
  if (named) {
    const torch = await consider('LIBTORCH', resolve(named));
    if (torch) return { torch, candidates, sites };
    throw new Fault(
      `Expected a libtorch folder with lib/ and include/ for LIBTORCH, got ${named}: ${candidates[0]?.refused}. ` +
        'Correct LIBTORCH or unset it.',
    );
  }

  const seen = new Set<string>();
  for (const python of PYTHONS) {
    const answer = await torchOfPython(python);
    sites.push(...answer.sites);
    if ('refused' in answer) candidates.push({ origin: 'python', place: python, refused: answer.refused });
    else if (!seen.has(answer.root)) {
      seen.add(answer.root);
      const torch = await consider('python', answer.root);
      if (torch) return { torch, candidates, sites };
    }
  }

  const driver = nvidiaDriver() !== null;
  for (const cuda of driver ? [true] : [false, true]) {
    const folder = join(privateTorchFolder(cuda), 'torch');
    const torch = await consider('private', folder);
    if (torch) return { torch, candidates, sites };
  }
  return { torch: null, candidates, sites };
}

/** Judges a folder: a Torch when it can serve, else the reason why not. */
export async function inspectTorch(origin: Origin, root: string): Promise<Torch | string> {
  if (!existsSync(root)) return 'no such folder';
  const libFolder = join(root, 'lib');
  for (const file of ['lib/libtorch_cpu.so', 'lib/libc10.so', 'include/ATen/ATen.h']) {
    if (!existsSync(join(root, file))) return `it lacks ${file}`;
  }
  const version = torchVersion(root);
  if (version === null) return 'its version cannot be read';
  if (isTooOld(version)) return `torch ${version} is older than ${OLDEST.join('.')}`;
  const missing = await missingLibraries(join(libFolder, 'libtorch_cpu.so'));
  if (missing.length > 0) return `libtorch_cpu.so cannot be loaded: ${missing.join(', ')} not found`;
  const cudaLibrary = join(libFolder, 'libtorch_cuda.so');
  const cuda = existsSync(cudaLibrary) && (await missingLibraries(cudaLibrary)).length === 0;
  const includeFolders = [join(root, 'include'), join(root, 'include/torch/csrc/api/include')].filter(existsSync);
  return { origin, version, root, libFolder, includeFolders, cuda };
}

/** The version, read as text: a wheel's version.py, the build-version of a libtorch archive, or the C++ header. */
export function torchVersion(root: string): string | null {
  const sources: readonly [string, RegExp][] = [
    ['version.py', /^__version__\s*=\s*['"]([^'"]+)['"]/m],
    ['build-version', /^(\d+\.\d+\.\S+)/],
    ['include/torch/csrc/api/include/torch/version.h', /^#define TORCH_VERSION "([^"]+)"/m],
    ['include/torch/headeronly/version.h', /^#define TORCH_VERSION "([^"]+)"/m],
  ];
  for (const [file, pattern] of sources) {
    const path = join(root, file);
    const found = existsSync(path) ? pattern.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
    if (found) return found;
  }
  return null;
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

// find_spec does not import torch (seconds, and it may fail on a missing part). The folder we happen to stand in,
// which `-c` puts first on sys.path as '', is no place to take a torch from.
const QUERY = `
import sys, importlib.util
sys.path = [p for p in sys.path if p]
for p in sys.path: print('site:' + p)
spec = importlib.util.find_spec('torch')
print('torch:' + ((spec and spec.origin) or ''))`;

type Answer = ({ readonly root: string } | { readonly refused: string }) & { readonly sites: readonly string[] };

async function torchOfPython(python: string): Promise<Answer> {
  if (onPath(python) === null) return { refused: 'not on PATH', sites: [] };
  const { code, output } = await ask([python, '-c', QUERY]);
  const sites = [...output.matchAll(/^site:(.*-packages)$/gm)].map((match) => match[1]!);
  const origin = /^torch:(.*)$/m.exec(output)?.[1];
  if (code !== 0 || origin === undefined) return { refused: 'it does not run', sites };
  if (!origin.endsWith('/__init__.py')) return { refused: 'it has no torch', sites };
  return { root: realpathSync(join(origin, '..')), sites };
}
