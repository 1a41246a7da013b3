import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../plan/places.js';
import { ask, onPath, runLogged } from './command.js';
import { say, since } from './progress.js';

export const NAPI_VERSION = 8;

/** A C++ compiler: its command (`$CXX` may hold more than one word) and the first line of its --version. */
export interface Compiler {
  readonly command: readonly string[];
  readonly version: string;
}

/** One addon to be compiled: everything that its bytes depend on but the compiler. */
export interface Compilation {
  /** In words, after "compiling". */
  readonly what: string;
  /** The name of the file that comes out. */
  readonly file: string;
  /** Identifies the content of its sources. */
  readonly sourcesMark: string;
  /** The version of the library that it is compiled against. */
  readonly against: string;
  /** What the compiler is told, less the output's name. */
  readonly args: readonly string[];
}

/** The compiled addon's path, or the reason why there is none. */
export type Built = { readonly addon: string } | { readonly reason: string };

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

/** What to say where `findCompiler` finds none. */
export function noCompiler(tried: readonly string[]): string {
  return `no C++ compiler (tried ${tried.join(', ')}); install g++ 10 or newer, or set CXX`;
}

/** Compiles an addon once: the result is kept in the cache under everything it depends on. */
export async function compileOnce(compilation: Compilation, compiler: Compiler): Promise<Built> {
  const addon = placeOf(compilation, compiler);
  if (existsSync(addon)) return { addon };

  say(`compiling ${compilation.what}; needed once`);
  const start = performance.now();
  mkdirSync(dirname(addon), { recursive: true });
  const temporary = `${addon}.tmp-${process.pid}`;
  const log = join(dirname(addon), 'build.log');
  const { code, output } = await runLogged([...compiler.command, ...compilation.args, '-o', temporary], log);
  if (code !== 0) {
    rmSync(temporary, { force: true });
    return { reason: `${compiler.command.join(' ')} failed: ${firstError(output)} (its output: ${log})` };
  }
  renameSync(temporary, addon);
  say(`compiled it in ${since(start)}`);
  return { addon };
}

/** Compiles an addon and loads it; one kept from before that does not load (a disk that was full) is compiled anew. */
export async function compileAndLoad(compilation: Compilation, compiler: Compiler): Promise<Built> {
  const kept = existsSync(placeOf(compilation, compiler));
  const built = await compileOnce(compilation, compiler);
  if ('reason' in built) return built;
  const complaint = await loadComplaint(built.addon);
  if (!complaint) return built;
  rmSync(built.addon, { force: true });
  if (kept) return compileAndLoad(compilation, compiler);
  return { reason: `the compiled addon does not load: ${complaint}` };
}

/** Headers of Node-API, from npm: the addons need no other part of Node's. */
export function nodeApiHeaders(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('node-api-headers/package.json')), 'include');
}

function placeOf({ file, sourcesMark, against, args }: Compilation, { command, version }: Compiler): string {
  const sum = createHash('sha256');
  for (const part of [sourcesMark, command.join(' '), version, against, ...args]) sum.update(part).update('\0');
  return cacheFolder('addon', sum.digest('hex').slice(0, 20), file);
}

// In a process of its own: a library that crashes while it is loaded must not take us with it.
async function loadComplaint(addon: string): Promise<string | null> {
  const script = 'try { require(process.argv[1]) } catch (error) { console.log(error.message); process.exitCode = 1 }';
  const { code, output } = await ask([process.execPath, '-e', script, addon], 120);
  return code === 0 ? null : output.trim().split('\n')[0] || 'Node crashed';
}

function firstError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const error = lines.find((line) => /error|undefined reference|cannot find|not found/i.test(line));
  return error ?? lines.findLast((line) => line !== '') ?? 'it said nothing';
}
