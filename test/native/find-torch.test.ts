import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { nvidiaDriver } from '../../native/driver.js';
import { findTorch, inspectTorch, privateTorchFolder, torchVersion } from '../../native/find-torch.js';
import { Fault } from '../../plan/fault.js';
import { fakeMachine, torchFiles, write } from './fakes.js';

const machine = fakeMachine();

function installPrivate(): string {
  const root = join(privateTorchFolder(nvidiaDriver() !== null), 'torch');
  for (const [file, text] of Object.entries(torchFiles('2.15.0'))) write(join(root, file), text);
  return root;
}

describe('findTorch', () => {
  it('takes LIBTORCH before any other', async () => {
    machine.ldd();
    machine.python(machine.torch('site/torch'));
    const root = machine.torch('libtorch', '2.9.1+cpu');
    vi.stubEnv('LIBTORCH', root);
    const { torch } = await findTorch();
    expect(torch).toMatchObject({ origin: 'LIBTORCH', version: '2.9.1+cpu', root, libFolder: join(root, 'lib') });
    expect(machine.calls().some((call) => call.startsWith('python3'))).toBe(false);
  });

  it('refuses a LIBTORCH that cannot serve instead of replacing it', async () => {
    machine.ldd();
    machine.python(machine.torch('site/torch'));
    vi.stubEnv('LIBTORCH', '/no/such/folder');
    await expect(findTorch()).rejects.toThrow(Fault);
    await expect(findTorch()).rejects.toThrow('/no/such/folder: no such folder');
    const root = machine.torch('libtorch');
    rmSync(join(root, 'include'), { recursive: true });
    vi.stubEnv('LIBTORCH', root);
    await expect(findTorch()).rejects.toThrow('it lacks include/ATen/ATen.h');
  });

  it("takes an active Python's torch before the private one", async () => {
    machine.ldd();
    const root = machine.torch('site/torch', '2.14.1');
    machine.python(root);
    installPrivate();
    const { torch, sites } = await findTorch();
    expect(torch).toMatchObject({ origin: 'python', version: '2.14.1', root });
    expect(sites).toEqual([join(machine.folder, 'site-packages')]);
  });

  it('reports every place it tried and why it was not taken', async () => {
    machine.ldd();
    machine.python(null);
    const root = installPrivate();
    const { torch, candidates } = await findTorch();
    expect(torch?.origin).toBe('private');
    expect(candidates).toEqual([
      { origin: 'python', place: 'python3', refused: 'it has no torch' },
      { origin: 'python', place: 'python', refused: 'not on PATH' },
      { origin: 'private', place: root, refused: null },
    ]);
  });

  it('passes over a torch that was tried before', async () => {
    machine.ldd();
    const root = machine.torch('site/torch');
    machine.python(root);
    const { torch, candidates } = await findTorch(new Map([[root, 'it does not compile']]));
    expect(torch).toBeNull();
    expect(candidates[0]).toEqual({ origin: 'python', place: root, refused: 'it does not compile' });
  });

  it('survives a Python that does not run', async () => {
    machine.program('python3', 'exit 3');
    const { candidates } = await findTorch();
    expect(candidates[0]?.refused).toBe('it does not run');
  });
});

describe('inspectTorch', () => {
  it('refuses a libtorch_cpu whose libraries are missing, by name', async () => {
    machine.ldd();
    const root = machine.torch('torch', '2.15.0', { 'lib/libtorch_cpu.so.missing': 'libcudart.so.13\n' });
    expect(await inspectTorch('python', root)).toBe('libtorch_cpu.so cannot be loaded: libcudart.so.13 not found');
  });

  it('serves the CPU where only the libraries of libtorch_cuda are missing', async () => {
    machine.ldd();
    const broken = machine.torch('a', '2.15.0', {
      'lib/libtorch_cuda.so': '',
      'lib/libtorch_cuda.so.missing': 'libcudnn.so.9\n',
    });
    const whole = machine.torch('b', '2.15.0', { 'lib/libtorch_cuda.so': '' });
    expect(await inspectTorch('python', broken)).toMatchObject({ cuda: false });
    expect(await inspectTorch('python', whole)).toMatchObject({ cuda: true });
  });

  it.each([
    ['1.13.1', 'string'],
    ['2.3.9', 'string'],
    ['2.4.0', 'object'],
    ['2.10.0a0+git1', 'object'],
    ['3.0.0', 'object'],
  ])('judges version %s by its numbers', async (version, kind) => {
    machine.ldd();
    expect(typeof (await inspectTorch('python', machine.torch('torch', version)))).toBe(kind);
  });

  it('reads the version of a libtorch archive, which has no version.py', () => {
    const root = machine.torch('libtorch', '2.15.0', { 'build-version': '2.8.0+cu128\n' });
    rmSync(join(root, 'version.py'));
    expect(torchVersion(root)).toBe('2.8.0+cu128');
    rmSync(join(root, 'build-version'));
    expect(torchVersion(root)).toBeNull();
    write(
      join(root, 'include/torch/csrc/api/include/torch/version.h'),
      '#pragma once\n#define TORCH_VERSION "2.7.1"\n',
    );
    expect(torchVersion(root)).toBe('2.7.1');
  });
});
