import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { NodePackage } from '../../native/tensorflow/package.js';
import { setUpTensorFlow } from '../../native/tensorflow/setup.js';
import { locateBinding } from '../../native/tensorflow/stamp.js';
import { packageRoot } from '../../plan/places.js';
import { fakeMachine, someAddon, write } from './fakes.js';

const around = vi.hoisted(() => ({ driver: null as string | null, package: null as NodePackage | null }));
vi.mock('../../native/driver.js', () => ({ nvidiaDriver: () => around.driver }));
vi.mock('../../native/tensorflow/package.js', () => ({
  PACKAGE: '@tensorflow/tfjs-node-gpu',
  nodePackage: () => around.package,
}));

const machine = fakeMachine();

// Finds the folder after --target and makes there what the wheels hold.
const INSTALL = `
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/bin" "$2/tensorflow/python" "$2/tensorflow/include/Eigen" "$2/tensorflow/include/tensorflow/c/eager"
touch "$2/tensorflow/python/keras.py" "$2/tensorflow/include/tensorflow/c/eager/c_api.h" "$2/tensorflow/THIRD_PARTY_NOTICES.txt"
touch "$2/tensorflow/libtensorflow_cc.so.2" "$2/tensorflow/libtensorflow_framework.so.2"`;

beforeEach(() => {
  around.driver = null;
  const file = (name: string): string => join(machine.folder, 'package', 'binding', name);
  const [sources, headers] = [[file('tfjs_backend.cc'), file('tfjs_binding.cc')], [file('utils.h')]];
  for (const name of [...sources, ...headers]) write(name, `// ${name}`);
  around.package = { folder: join(machine.folder, 'package'), version: '4.22.0', sources, headers };
});

function readyMachine(): void {
  machine.ldd();
  machine.python(null, INSTALL);
  machine.compiler(someAddon());
}

function installs(): string[] {
  return machine.calls().filter((call) => call.includes('pip install'));
}

function compilations(): string[] {
  return machine.calls().filter((call) => call.startsWith('c++') && !call.includes('--version'));
}

function placeOf(found: ReturnType<typeof locateBinding>): { binding: string; root: string } {
  if ('reason' in found) throw new Error(found.reason);
  return { binding: found.binding, root: found.tensorflow.root };
}

function wheelFolders(): string[] {
  return readdirSync(machine.cache).filter((name) => name.startsWith('tensorflow-'));
}

describe('setUpTensorFlow', () => {
  it('installs a wheel, compiles the binding against it; the second time it starts no process at all', async () => {
    readyMachine();
    const done = await setUpTensorFlow();
    const { binding, root } = placeOf(locateBinding());
    expect(done).toEqual({ addon: binding });
    expect(root).toBe(join(machine.cache, 'tensorflow-2.21.0-cpu', 'tensorflow'));
    const calls = machine.calls().length;
    expect(await setUpTensorFlow()).toEqual(done);
    expect(machine.calls().length).toBe(calls);
  });

  it('takes wheels only, without what their Python side needs, and keeps libraries and headers alone', async () => {
    readyMachine();
    await setUpTensorFlow();
    const { root } = placeOf(locateBinding());
    expect(installs()).toHaveLength(1);
    for (const part of ['--only-binary :all:', '--no-deps', 'tensorflow-cpu==2.21.0'])
      expect(installs()[0]).toContain(part);
    const kept = ['THIRD_PARTY_NOTICES.txt', 'include', 'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
    expect(readdirSync(root).sort()).toEqual(kept);
    expect(readdirSync(join(root, 'include'))).toEqual(['tensorflow']);
    expect(existsSync(join(root, '..', 'bin'))).toBe(false);
  });

  it('takes the wheel with CUDA where there is a driver, also when the driver came later', async () => {
    readyMachine();
    await setUpTensorFlow();
    around.driver = 'version 580.1';
    await setUpTensorFlow();
    expect(locateBinding()).toMatchObject({ tensorflow: { cuda: true } });
    expect(installs()).toHaveLength(2);
    for (const part of [' tensorflow==2.21.0', 'nvidia-cudnn-cu12==', 'nvidia-nccl-cu12=='])
      expect(installs()[1]).toContain(part);
    expect(wheelFolders().sort()).toEqual(['tensorflow-2.21.0', 'tensorflow-2.21.0-cpu']);
  });

  it('compiles the sources of the npm package against the libraries, to be found there when loaded', async () => {
    readyMachine();
    await setUpTensorFlow();
    const { root } = placeOf(locateBinding());
    const [command] = compilations();
    for (const source of around.package!.sources) expect(command).toContain(` ${source} `);
    expect(command).toContain(` ${root}/libtensorflow_cc.so.2 ${root}/libtensorflow_framework.so.2 `);
    expect(command).toContain(`-Xlinker -rpath -Xlinker ${root} `);
  });

  it('says which need is missing: the npm package, a compiler, Python, pip', async () => {
    around.package = null;
    expect(await setUpTensorFlow()).toEqual({
      reason: expect.stringMatching(/npm package @tensorflow\/tfjs-node-gpu is not installed.*npm install/),
    });
    around.package = { folder: '', version: '4.22.0', sources: [], headers: [] };
    machine.python(null, INSTALL);
    expect(await setUpTensorFlow()).toEqual({ reason: expect.stringContaining('no C++ compiler') });
    // No gigabyte is fetched for nothing.
    expect(installs()).toEqual([]);
    machine.compiler(someAddon());
    rmSync(join(machine.bin, 'python3'));
    expect(await setUpTensorFlow()).toEqual({ reason: expect.stringContaining('no Python on PATH') });
    machine.program('python3', 'exit 1');
    expect(await setUpTensorFlow()).toEqual({ reason: expect.stringContaining('neither pip nor ensurepip') });
  });

  it("says pip's reason and leaves nothing behind when pip fails half way", async () => {
    readyMachine();
    machine.python(null, `${INSTALL}; echo "ERROR: No space left on device"; exit 1`);
    expect(await setUpTensorFlow()).toEqual({ reason: expect.stringContaining('No space left on device') });
    expect(wheelFolders()).toEqual([]);
    expect(locateBinding()).toEqual({ reason: 'its binding is not compiled' });
  });

  it('names a library that TensorFlow itself does not find here, and fetches nothing again for it', async () => {
    readyMachine();
    machine.program('ldd', 'printf "\\tlibrt.so.1 => not found\\n"');
    for (const _ of [1, 2]) {
      expect(await setUpTensorFlow()).toEqual({ reason: expect.stringContaining('librt.so.1 not found') });
    }
    expect(installs()).toHaveLength(1);
    expect(compilations()).toEqual([]);
  });

  it('says the first error when compiling fails, and stamps nothing', async () => {
    readyMachine();
    machine.program('c++', 'test "$1" = --version && exit 0; echo "utils.h:3:1: error: no such thing" >&2; exit 1');
    expect(await setUpTensorFlow()).toEqual({ reason: expect.stringContaining('error: no such thing') });
    expect(locateBinding()).toEqual({ reason: 'its binding is not compiled' });
  });

  it('keeps no binding that does not load', async () => {
    readyMachine();
    const garbage = join(machine.folder, 'garbage');
    writeFileSync(garbage, 'not a library');
    machine.compiler(garbage);
    expect(await setUpTensorFlow()).toEqual({ reason: expect.stringContaining('does not load') });
    machine.compiler(someAddon());
    expect(await setUpTensorFlow()).toEqual({ addon: expect.any(String) });
  });
});

describe('locateBinding', () => {
  it('refuses a binding cut short after it was proved; setup then compiles it anew', async () => {
    readyMachine();
    await setUpTensorFlow();
    const { binding } = placeOf(locateBinding());
    const whole = readFileSync(binding).length;
    writeFileSync(binding, 'half');
    expect(locateBinding()).toEqual({ reason: expect.stringContaining('gone or damaged') });
    expect(await setUpTensorFlow()).toEqual({ addon: binding });
    expect(readFileSync(binding).length).toBe(whole);
    expect(placeOf(locateBinding()).binding).toBe(binding);
  });

  it('refuses libraries that were replaced or removed; setup then installs them again', async () => {
    readyMachine();
    await setUpTensorFlow();
    const { root } = placeOf(locateBinding());
    appendFileSync(join(root, 'libtensorflow_framework.so.2'), 'newer');
    expect(locateBinding()).toEqual({ reason: expect.stringContaining(root) });
    await setUpTensorFlow();
    expect(locateBinding()).toMatchObject({ binding: expect.any(String) });
    rmSync(root, { recursive: true });
    expect(locateBinding()).toEqual({ reason: expect.stringContaining('gone') });
    await setUpTensorFlow();
    expect(installs()).toHaveLength(2);
    expect(locateBinding()).toMatchObject({ binding: expect.any(String) });
  });

  it.each(['sources', 'headers'] as const)('asks for compiling when the npm package has other %s', async (kind) => {
    readyMachine();
    await setUpTensorFlow();
    appendFileSync(around.package![kind][0]!, '// changed');
    expect(locateBinding()).toEqual({ reason: 'its binding is not compiled' });
    await setUpTensorFlow();
    expect(compilations()).toHaveLength(2);
  });

  it('says that the npm package is gone, and survives a damaged stamp', async () => {
    readyMachine();
    await setUpTensorFlow();
    const stamp = readdirSync(join(machine.cache, 'addon')).find((name) => name.endsWith('.json'));
    writeFileSync(join(machine.cache, 'addon', stamp!), '{"binding":');
    expect(locateBinding()).toEqual({ reason: 'its binding is not compiled' });
    around.package = null;
    expect(locateBinding()).toEqual({ reason: expect.stringContaining('npm package') });
  });
});

describe('setup.mjs', () => {
  it('refuses a word that it does not know', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'setup.mjs'), '--tensorfow'], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('Expected --tensorflow or nothing, got --tensorfow');
  });
});
