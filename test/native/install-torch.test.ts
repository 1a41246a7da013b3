import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nvidiaDriver } from '../../native/driver.js';
import { findTorch, privateTorchFolder } from '../../native/find-torch.js';
import { installTorch } from '../../native/install-torch.js';
import { makeWhole } from '../../native/temporary.js';
import { fakeMachine, write } from './fakes.js';

const disk = vi.hoisted(() => ({ gigabytes: 100 }));
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  statfsSync: () => ({ bavail: disk.gigabytes, bsize: 1e9 }),
}));

const machine = fakeMachine();
afterEach(() => {
  disk.gigabytes = 100;
});
const driver = nvidiaDriver() !== null;

// Finds the folder after --target and makes a torch there.
const INSTALL = `
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/torch/lib" "$2/torch/include/ATen"
echo "__version__ = '2.15.0'" > "$2/torch/version.py"
touch "$2/torch/lib/libtorch_cpu.so" "$2/torch/lib/libc10.so" "$2/torch/include/ATen/ATen.h"`;

function inCache(): string[] {
  return readdirSync(machine.cache).filter((name) => name.startsWith('torch-'));
}

describe('installTorch', () => {
  it('installs wheels only, into a folder where findTorch finds them', async () => {
    machine.ldd();
    machine.python(null, INSTALL);
    expect(await installTorch()).toBeNull();
    expect((await findTorch()).torch).toMatchObject({ origin: 'private', version: '2.15.0' });
    const call = machine.calls().find((line) => line.includes('pip install'));
    expect(call).toContain('--only-binary :all:');
    expect(call).toContain('torch==2.15.0');
    expect(call?.includes('--no-deps')).toBe(!driver);
    expect(call?.includes('nvidia-cuda-cupti==13.2.86')).toBe(!driver);
    expect(existsSync(join(privateTorchFolder(driver), '.pip'))).toBe(false);
  });

  it("says pip's reason and leaves nothing behind when pip fails half way", async () => {
    machine.python(null, `${INSTALL}; echo "ERROR: Could not open //me:secret@host/simple"; exit 1`);
    const reason = await installTorch();
    expect(reason).toContain('Could not open //host/simple');
    expect(reason).toContain('install-torch.log');
    expect(inCache()).toEqual([]);
  });

  it("takes another Python's wheel where this Python has none", async () => {
    machine.ldd();
    const none = 'echo "ERROR: No matching distribution found for torch==2.15.0"; exit 1';
    machine.python(null, `case "$*" in *--python-version*) ;; *) ${none};; esac; ${INSTALL}`);
    expect(await installTorch()).toBeNull();
    expect((await findTorch()).torch?.origin).toBe('private');
  });

  it('says what is missing without Python, and without pip', async () => {
    expect(await installTorch()).toContain('no Python on PATH');
    machine.program('python3', 'exit 1');
    expect(await installTorch()).toContain('neither pip nor ensurepip');
    expect(existsSync(join(machine.cache, 'pip'))).toBe(false);
  });

  it('says how much disk it needs before it downloads anything', async () => {
    machine.python(null, INSTALL);
    disk.gigabytes = 2;
    expect(await installTorch()).toMatch(/needs [\d.]+ GB of disk while it is installed, there are 2.0 GB free/);
    expect(machine.calls().some((call) => call.includes('pip install'))).toBe(false);
  });

  it('makes a pip of its own where Python has only ensurepip', async () => {
    machine.ldd();
    const own = `mkdir -p "$4/bin"; cp "${machine.bin}/pip-python" "$4/bin/python"`;
    machine.program('pip-python', `shift 2; test "$1" = --version && exit 0; ${INSTALL}`);
    machine.program('python3', `test "$2" = venv || exit 1; ${own}`);
    expect(await installTorch()).toBeNull();
  });
});

describe('makeWhole', () => {
  it('keeps the folder of the process that was first', async () => {
    const folder = join(machine.cache, 'thing');
    await makeWhole(folder, async (temporary) => {
      write(join(temporary, 'who'), 'second');
      write(join(folder, 'who'), 'first');
    });
    expect(readdirSync(machine.cache)).toEqual(['thing']);
  });

  it('clears away what a killed process left, not what a living one is making', async () => {
    const folder = join(machine.cache, 'thing');
    const living = `thing.tmp-${hostname()}-${process.ppid}`;
    const elsewhere = 'thing.tmp-another-host-1';
    for (const name of [`thing.tmp-${hostname()}-4194305`, living, elsewhere]) {
      mkdirSync(join(machine.cache, name), { recursive: true });
    }
    await makeWhole(folder, async (temporary) => write(join(temporary, 'file'), ''));
    expect(readdirSync(machine.cache).sort()).toEqual(['thing', elsewhere, living].sort());
  });
});
