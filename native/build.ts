import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../plan/places.js';
import { ask, onPath, runLogged } from './command.js';
import type { Torch } from './find-torch.js';
import { say, since } from './progress.js';
import { addonSources, sourcesMark } from './sources.js';

const NAPI_VERSION = 8;

/** A C++ compiler: its command (`$CXX` may hold more than one word) and the first line of its --version. */
export interface Compiler {
  readonly command: readonly string[];
  readonly version: string;
}

/** The first of `$CXX`, c++, g++, clang++ that answers; `tried` is for the message when none does. */
export async function findCompiler(): Promise<{ compiler: Compiler | null; tried: readonly string[] }> {
  const tried = [process.env.CXX ?? '', 'c++', 'g++', 'clang++'].filter((name) => name.trim() !== '');
  for (const name of tried) {
    const command = name.trim().split(/\s+/);
    if (onPath(command[0]!) === null) continue;
    const { code, output } = await ask([...command, '--version']);
    if (code === 0) return { compiler: { command, version: output.split('\n')[0]!.trim() }, tried };
  }
  return { compiler: null, tried };
}

/**
 * Compiles native/addon.cpp against a torch, once: the result is kept in the cache under everything it depends on.
 * Returns the addon's path, or the reason why it could not be compiled.
 */
export async function buildAddon(torch: Torch, compiler: Compiler): Promise<{ addon: string } | { reason: string }> {
  const args = compilerArguments(torch);
  const key = hash([sourcesMark(), compiler.command.join(' '), compiler.version, torch.version, ...args]);
  const folder = cacheFolder('addon', key.slice(0, 20));
  const addon = join(folder, 'reasontune.node');
  if (existsSync(addon)) return { addon };

  say(`compiling the torch backend against torch ${torch.version} (${torch.origin}); needed once`);
  const start = performance.now();
  mkdirSync(folder, { recursive: true });
  const temporary = `${addon}.tmp-${process.pid}`;
  const log = join(folder, 'build.log');
  const { code, output } = await runLogged([...compiler.command, ...args, '-o', temporary], log);
  if (code !== 0) {
    rmSync(temporary, { force: true });
    return { reason: `${compiler.command.join(' ')} failed: ${firstError(output)} (its output: ${log})` };
  }
  renameSync(temporary, addon);
  say(`compiled it in ${since(start)}`);
  return { addon };
}

/** What the compiler is told, less the output's name. */
export function compilerArguments(torch: Torch): string[] {
  const includes = [...torch.includeFolders, ...nodeHeaders()].flatMap((folder) => ['-isystem', folder]);
  return [
    ...['-std=c++20', '-O3', processorFlag(), '-shared', '-fPIC', '-fvisibility=hidden'],
    ...[`-DNAPI_VERSION=${NAPI_VERSION}`, `-D_GLIBCXX_USE_CXX11_ABI=${usesCxx11Abi(torch) ? 1 : 0}`],
    ...includes,
    ...addonSources(),
    ...['-L', torch.libFolder, '-Xlinker', '-rpath', '-Xlinker', torch.libFolder],
    // libtorch_cuda registers its kernels when it is loaded; no symbol of ours asks for it, so the linker must not
    // drop it. libtorch.so only ties the two together and always asks for libtorch_cuda in a CUDA wheel, even where
    // the libraries that need it are not installed: it is left out.
    ...['-Wl,--no-as-needed', '-ltorch_cpu', '-lc10', ...(torch.cuda ? ['-ltorch_cuda', '-lc10_cuda'] : [])],
  ];
}

/** The kernels use whatever the processor has. x86 compilers say -march for that, the others' -march knows no native. */
function processorFlag(): string {
  return process.arch === 'x64' ? '-march=native' : '-mcpu=native';
}

/** Wheels before 2.6 were built with the old std::string; every exported name says which one it is. */
function usesCxx11Abi(torch: Torch): boolean {
  return readFileSync(join(torch.libFolder, 'libc10.so')).includes('__cxx11');
}

function nodeHeaders(): string[] {
  const require = createRequire(import.meta.url);
  return [
    dirname(require.resolve('node-addon-api/package.json')),
    join(dirname(require.resolve('node-api-headers/package.json')), 'include'),
  ];
}

function firstError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const error = lines.find((line) => /error|undefined reference|cannot find|not found/i.test(line));
  return error ?? lines.findLast((line) => line !== '') ?? 'it said nothing';
}

function hash(parts: readonly (string | Buffer)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex');
}
