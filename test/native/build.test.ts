import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { torchAddon } from '../../native/build.js';
import { type Built, type Compiler, compileOnce, findCompiler } from '../../native/compile.js';
import { inspectTorch, type Torch } from '../../native/find-torch.js';
import { fakeMachine } from './fakes.js';

const machine = fakeMachine();

// Writes the file after -o.
const COMPILE =
  'case "$1" in --version) echo "fake 1.0"; exit 0;; esac; while [ "$1" != -o ]; do shift; done; echo built > "$2"';

async function aTorch(name = 'torch', version = '2.15.0', files: Record<string, string> = {}): Promise<Torch> {
  machine.ldd();
  const torch = await inspectTorch('python', machine.torch(name, version, files));
  if (typeof torch === 'string') throw new Error(torch);
  return torch;
}

async function aCompiler(script = COMPILE) {
  machine.program('c++', script);
  const { compiler } = await findCompiler();
  return compiler!;
}

function buildAddon(torch: Torch, compiler: Compiler): Promise<Built> {
  return compileOnce(torchAddon(torch), compiler);
}

function compilations(): number {
  return machine.calls().filter((call) => call.startsWith('c++') && !call.includes('--version')).length;
}

describe('findCompiler', () => {
  it('takes CXX with its words before c++', async () => {
    machine.program('c++', 'echo plain');
    machine.program('ccache', 'echo "$1 cached"');
    vi.stubEnv('CXX', 'ccache g++-13');
    const { compiler } = await findCompiler();
    expect(compiler).toEqual({ command: ['ccache', 'g++-13'], version: 'g++-13 cached' });
  });

  it('goes on to the next when one is missing or broken, and says what it tried', async () => {
    vi.stubEnv('CXX', 'no-such-compiler');
    machine.program('c++', 'exit 1');
    expect(await findCompiler()).toEqual({ compiler: null, tried: ['no-such-compiler', 'c++', 'g++', 'clang++'] });
    machine.program('clang++', 'echo clang 17');
    expect((await findCompiler()).compiler?.version).toBe('clang 17');
  });
});

describe('compileOnce', () => {
  it('compiles once for what the addon depends on, again when that changes', async () => {
    const torch = await aTorch();
    const compiler = await aCompiler();
    const first = await buildAddon(torch, compiler);
    const addon = 'addon' in first ? first.addon : '';
    expect(readFileSync(addon, 'utf8')).toBe('built\n');
    expect(await buildAddon(torch, compiler)).toEqual(first);
    expect(compilations()).toBe(1);
    const others = [
      await buildAddon({ ...torch, version: '2.15.1' }, compiler),
      await buildAddon(await aTorch('elsewhere'), compiler),
      await buildAddon(torch, { ...compiler, version: 'fake 2.0' }),
    ];
    expect(new Set([first, ...others].map((result) => JSON.stringify(result))).size).toBe(4);
    expect(compilations()).toBe(4);
  });

  it('says the first error and leaves only the log when compiling fails', async () => {
    const torch = await aTorch();
    const compiler = await aCompiler(
      'case "$1" in --version) exit 0;; esac; echo "In file included"; echo "a.cpp:3:1: error: no such operator" >&2; echo "b: error: later"; exit 1',
    );
    const result = await buildAddon(torch, compiler);
    const reason = 'reason' in result ? result.reason : '';
    expect(reason).toContain('a.cpp:3:1: error: no such operator');
    const log = /its output: (.*)\)$/.exec(reason)?.[1] ?? '';
    expect(readdirSync(dirname(log))).toEqual(['build.log']);
  });

  it('names no file before the compiler is through', async () => {
    const torch = await aTorch();
    const compiler = await aCompiler(`${COMPILE}; ls "$(dirname "$2")" > ${machine.folder}/while`);
    const result = await buildAddon(torch, compiler);
    expect(readFileSync(join(machine.folder, 'while'), 'utf8')).not.toMatch(/^reasontune\.node$/m);
    expect('addon' in result && existsSync(result.addon)).toBe(true);
  });
});

describe('torchAddon', () => {
  it('links libtorch_cuda exactly when it can be loaded, and never libtorch.so', async () => {
    const plain = torchAddon(await aTorch('a')).args;
    const cuda = torchAddon(await aTorch('b', '2.15.0', { 'lib/libtorch_cuda.so': '' })).args;
    expect(plain).not.toContain('-ltorch_cuda');
    expect(cuda).toContain('-ltorch_cuda');
    expect([...plain, ...cuda]).not.toContain('-ltorch');
  });

  it('follows the string ABI that libc10 was built with', async () => {
    expect(torchAddon(await aTorch('new')).args).toContain('-D_GLIBCXX_USE_CXX11_ABI=1');
    const old = await aTorch('old', '2.5.1', { 'lib/libc10.so': '_ZN3c105ErrorESs' });
    expect(torchAddon(old).args).toContain('-D_GLIBCXX_USE_CXX11_ABI=0');
  });
});
