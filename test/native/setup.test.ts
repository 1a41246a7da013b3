import { appendFileSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { locateAddon } from '../../native/locate.js';
import { setUpNative } from '../../native/setup.js';
import { fakeMachine, someAddon } from './fakes.js';

const machine = fakeMachine();

function readyMachine(): string {
  machine.ldd();
  const root = machine.torch('site/torch');
  machine.python(root);
  machine.compiler(someAddon());
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
    machine.compiler(garbage);
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

  it('is null when the addon was cut short after it was proved; setup then compiles it anew', async () => {
    readyMachine();
    const done = await setUpNative();
    const addon = 'addon' in done ? done.addon : '';
    const whole = readFileSync(addon).length;
    writeFileSync(addon, 'half');
    expect(locateAddon()).toBeNull();
    expect(await setUpNative()).toEqual(done);
    expect(readFileSync(addon).length).toBe(whole);
    expect(locateAddon()).toBe(addon);
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
