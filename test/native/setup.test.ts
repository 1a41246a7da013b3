import { appendFileSync, readdirSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { locateAddon } from '../../native/locate.js';
import { setUpNative } from '../../native/setup.js';
import { fakeMachine } from './fakes.js';

const machine = fakeMachine();

// Something that Node can load, in place of what a compiler would make.
function someAddon(): string {
  const canvas = dirname(createRequire(import.meta.url).resolve('@napi-rs/canvas'));
  const scope = dirname(realpathSync(canvas));
  for (const name of readdirSync(scope).filter((folder) => folder.startsWith('canvas-'))) {
    const file = readdirSync(join(scope, name)).find((entry) => entry.endsWith('.node'));
    if (file) return join(scope, name, file);
  }
  throw new Error('no addon in node_modules to stand in');
}

function compilerThatMakes(file: string): void {
  const work = `while [ "$1" != -o ]; do shift; done; cp "${file}" "$2"`;
  machine.program('c++', `case "$1" in --version) echo "fake 1.0"; exit 0;; esac; ${work}`);
}

function readyMachine(): string {
  machine.ldd();
  const root = machine.torch('site/torch');
  machine.python(root);
  compilerThatMakes(someAddon());
  return root;
}

describe('setUpNative', () => {
  it('compiles, and the second time starts no process at all', async () => {
    readyMachine();
    expect(locateAddon()).toBeNull();
    const first = await setUpNative();
    expect(first).toEqual({ addon: locateAddon() });
    expect(locateAddon()).toMatch(/reasontune\.node$/);
    const calls = machine.calls().length;
    expect(await setUpNative()).toEqual(first);
    expect(machine.calls().length).toBe(calls);
  });

  it('looks again when a package was installed into the Python it asked', async () => {
    readyMachine();
    await setUpNative();
    const calls = machine.calls().length;
    utimesSync(join(machine.folder, 'site-packages'), 1, 1);
    await setUpNative();
    expect(machine.calls().length).toBeGreaterThan(calls);
  });

  it('tries the next torch when the addon does not load, and says why none is left', async () => {
    readyMachine();
    const garbage = join(machine.folder, 'garbage');
    writeFileSync(garbage, 'not a library');
    compilerThatMakes(garbage);
    // Its Python has no pip, so that no private torch can be installed either.
    expect(await setUpNative()).toEqual({ reason: expect.stringContaining('neither pip nor ensurepip') });
    expect(locateAddon()).toBeNull();
  });

  it('does not download a torch when there is no compiler', async () => {
    machine.python(null, 'echo pip; exit 0');
    expect(await setUpNative()).toEqual({ reason: expect.stringContaining('no C++ compiler') });
    expect(machine.calls().some((call) => call.includes('pip install'))).toBe(false);
  });

  it('does nothing under REASONTUNE_NO_TORCH=1', async () => {
    readyMachine();
    vi.stubEnv('REASONTUNE_NO_TORCH', '1');
    expect(await setUpNative()).toEqual({ reason: 'REASONTUNE_NO_TORCH=1 is set' });
    expect(machine.calls()).toEqual([]);
  });
});

describe('locateAddon', () => {
  it('is null when the torch it was compiled for was upgraded in place or removed', async () => {
    const root = readyMachine();
    await setUpNative();
    appendFileSync(join(root, 'lib/libtorch_cpu.so'), 'newer');
    expect(locateAddon()).toBeNull();
    expect(await setUpNative()).toEqual({ addon: expect.any(String) });
    expect(locateAddon()).not.toBeNull();
    rmSync(root, { recursive: true });
    expect(locateAddon()).toBeNull();
  });

  it('is null for a LIBTORCH that setup has not seen, and under REASONTUNE_NO_TORCH=1', async () => {
    readyMachine();
    await setUpNative();
    expect(locateAddon()).not.toBeNull();
    vi.stubEnv('LIBTORCH', machine.torch('other'));
    expect(locateAddon()).toBeNull();
    vi.stubEnv('LIBTORCH', undefined);
    vi.stubEnv('REASONTUNE_NO_TORCH', '1');
    expect(locateAddon()).toBeNull();
  });

  it('is null when the stamp is damaged or the addon is gone', async () => {
    readyMachine();
    const done = await setUpNative();
    const stamp = readdirSync(join(machine.cache, 'addon')).find((name) => name.endsWith('.json'));
    const file = join(machine.cache, 'addon', stamp!);
    writeFileSync(file, '{"addon":');
    expect(locateAddon()).toBeNull();
    await setUpNative();
    expect(locateAddon()).not.toBeNull();
    rmSync('addon' in done ? done.addon : '');
    expect(locateAddon()).toBeNull();
  });
});
