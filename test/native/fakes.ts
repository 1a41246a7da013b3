import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';

/**
 * A machine of our own for each test: an empty PATH folder to put programs into, an empty cache, and none of the
 * variables through which the real machine would answer.
 */
export function fakeMachine() {
  const machine = {
    folder: '',
    bin: '',
    cache: '',
    /** Puts a shell script on PATH. It notes each call in `calls`. */
    program(name: string, script: string): string {
      const path = join(machine.bin, name);
      write(path, `#!/bin/sh\nPATH=/usr/bin:/bin\necho "${name} $*" >> ${machine.folder}/calls\n${script}\n`);
      chmodSync(path, 0o755);
      return path;
    },
    /** Every call of a program so far, one line each. */
    calls(): string[] {
      try {
        return readFileSync(join(machine.folder, 'calls'), 'utf8').trim().split('\n');
      } catch {
        return [];
      }
    },
    /** An ldd that finds every library, but for those listed in a file `<library>.missing` beside it. */
    ldd(): void {
      machine.program('ldd', 'test -e "$1.missing" && sed "s/.*/\\t& => not found/" "$1.missing"\nexit 0');
    },
    /** A python3 whose torch is in `root` (none when null), and whose pip does `pip`. */
    python(root: string | null, pip = 'exit 1'): void {
      const answer = `echo "site:${machine.folder}/site-packages"; echo "torch:${root ? `${root}/__init__.py` : ''}"`;
      const script = `case "$1" in\n-c) ${answer};;\n-m) shift 2; if [ "$1" = --version ]; then exit ${pip === 'exit 1' ? 1 : 0}; fi; ${pip};;\n*) echo Python 3.12.1;; esac`;
      machine.program('python3', script);
    },
    /** A c++ whose result is always this file. */
    compiler(file: string): void {
      const work = `while [ "$1" != -o ]; do shift; done; cp "${file}" "$2"`;
      machine.program('c++', `case "$1" in --version) echo "fake 1.0"; exit 0;; esac; ${work}`);
    },
    /** A folder that looks like an installed torch. */
    torch(name: string, version = '2.15.0', files: Readonly<Record<string, string>> = {}): string {
      const root = join(machine.folder, name);
      const all = { ...torchFiles(version), ...files };
      for (const [file, text] of Object.entries(all)) write(join(root, file), text);
      return root;
    },
  };

  beforeEach(() => {
    machine.folder = mkdtempSync(join(tmpdir(), 'reasontune-test-'));
    machine.bin = join(machine.folder, 'bin');
    machine.cache = join(machine.folder, 'cache');
    mkdirSync(machine.bin);
    mkdirSync(join(machine.folder, 'site-packages'));
    vi.stubEnv('PATH', machine.bin);
    vi.stubEnv('REASONTUNE_CACHE', machine.cache);
    for (const name of ['LIBTORCH', 'CXX', 'REASONTUNE_NO_TORCH', 'LD_LIBRARY_PATH']) vi.stubEnv(name, undefined);
    // Progress lines are for people.
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    rmSync(machine.folder, { recursive: true, force: true });
  });
  return machine;
}

/** Something that Node can load, in place of what a compiler would make. */
export function someAddon(): string {
  const canvas = dirname(createRequire(import.meta.url).resolve('@napi-rs/canvas'));
  const scope = dirname(realpathSync(canvas));
  for (const name of readdirSync(scope).filter((folder) => folder.startsWith('canvas-'))) {
    const file = readdirSync(join(scope, name)).find((entry) => entry.endsWith('.node'));
    if (file) return join(scope, name, file);
  }
  throw new Error('no addon in node_modules to stand in');
}

export function torchFiles(version: string): Record<string, string> {
  return {
    '__init__.py': '',
    'version.py': `from typing import Optional\n__version__ = '${version}'\n`,
    'lib/libtorch_cpu.so': '',
    'lib/libc10.so': 'std::__cxx11::string',
    'include/ATen/ATen.h': '',
  };
}

export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
