import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCompiler } from '../../native/compile.js';
import { locateAddon } from '../../native/locate.js';
import { packageRoot } from '../../plan/places.js';
import { chunksOf, kernelNumbers, launchAdamW, tableOf } from '../../tensor/adamw-kernel.js';
import { type Addon, type Handle, type Kernel, loadAddon } from '../../tensor/torch/addon.js';
import { Aten } from '../../tensor/torch/aten.js';
import { kernelSources } from '../../tensor/torch/own-kernels.js';
import { largestDifference } from '../support/close.js';

// native/kernels/adamw.cu, run on the host from the very same source, against libtorch's own operators.

const sizes = [1000, 1, 37];
const chunkSize = 64;
const numbers = { step: 3, learningRate: 1e-2, weightDecay: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, scale: 0.37 };

let scratch: string;
let program: string;
let addon: Addon;
beforeAll(async () => {
  addon = loadAddon(locateAddon() as string);
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-kernel-'));
  program = join(scratch, 'adamw');
  const { compiler } = await findCompiler();
  const [command, ...words] = compiler!.command as [string, ...string[]];
  const kernel = join(packageRoot, 'native', 'kernels', 'adamw.cu');
  const source = join(packageRoot, 'test', 'cuda', 'host', 'adamw.cpp');
  execFileSync(command, [...words, '-std=c++17', '-O1', `-DKERNEL="${kernel}"`, source, '-o', program]);
});
afterAll(() => rmSync(scratch, { recursive: true }));

const list = (seed: number, spread: (x: number) => number) =>
  sizes.map((size) => Float32Array.from({ length: size }, (_, i) => spread(Math.sin(seed + 1.3 * i + size))));
const given = () => ({
  weights: list(1, (x) => x),
  // From tiny to large, and some exactly 0.
  gradients: list(2, (x) => (Math.abs(x) < 0.05 ? 0 : 3 * x ** 5)),
  first: list(3, (x) => 0.1 * x),
  second: list(4, (x) => 0.01 * x * x),
});

/** The kernel's bfloat16 gradients as bits, and what they are in float32. */
function rounded(values: Float32Array): { bits: Uint16Array; values: Float32Array } {
  const aten = new Aten(addon, 'cpu');
  const half = aten.one('aten::_to_copy', [aten.from(values, [values.length])], { dtype: 15 });
  const back = addon.toArray(half) as Float32Array;
  aten.close();
  const bits = Uint16Array.from(new Uint32Array(back.buffer), (word) => word >>> 16);
  return { bits, values: back };
}

type Lists = Readonly<Record<keyof ReturnType<typeof given>, Float32Array[]>>;

/** Weights, moments and the bfloat16 copy after one step by libtorch. */
function twin({ weights, gradients, first, second }: Lists): Float32Array[] {
  const aten = new Aten(addon, 'cpu');
  const load = (values: Float32Array[]): Handle[] => values.map((x) => aten.from(x, [x.length]));
  const [w, g, m, v] = [weights, gradients, first, second].map(load) as Handle[][];
  addon.call('aten::_foreach_mul_.Scalar', [g, numbers.scale]);
  const step = aten.from(new Float32Array([numbers.step]), []);
  const { learningRate: lr, weightDecay: weight_decay, beta1, beta2, eps } = numbers;
  addon.call('aten::_fused_adamw_', [w, g, m, v, [], w!.map(() => step)], {
    ...{ lr, beta1, beta2, weight_decay, eps, amsgrad: false, maximize: false },
  });
  const made = sizes.flatMap((_, i) => {
    const copy = aten.one('aten::_to_copy', [w![i]!], { dtype: 15 });
    return [w![i]!, m![i]!, v![i]!, copy].map((x) => addon.toArray(x) as Float32Array);
  });
  aten.close();
  return made;
}

/** The same by the kernel. */
function onHost(lists: Lists, gradients: readonly (Float32Array | Uint16Array)[], half: boolean): Float32Array[] {
  const chunks = chunksOf(sizes, chunkSize);
  const parts: (Int32Array | Float32Array | Uint16Array)[] = [
    Int32Array.from([sizes.length, half ? 1 : 0, chunks.length / 2, chunkSize, ...sizes]),
    chunks,
    Float32Array.from(kernelNumbers(numbers)),
    ...sizes.flatMap((_, i) => [lists.weights[i]!, gradients[i]!, lists.first[i]!, lists.second[i]!]),
  ];
  const input = Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
  const output = execFileSync(program, { input });
  let at = 0;
  const take = (bytes: number): ArrayBuffer => {
    at += bytes;
    return Uint8Array.from(output.subarray(at - bytes, at)).buffer;
  };
  return sizes.flatMap((size) => {
    const floats = [0, 1, 2].map(() => new Float32Array(take(4 * size)));
    const copy = Uint32Array.from(new Uint16Array(take(2 * size)), (bits) => bits << 16);
    return [...floats, new Float32Array(copy.buffer)];
  });
}

describe('the AdamW kernel', () => {
  it.each(['float32', 'bfloat16'] as const)('does one step on %s gradients as libtorch does', (type) => {
    const lists = given();
    const halves = lists.gradients.map(rounded);
    const half = type === 'bfloat16';
    const wanted = twin(half ? { ...lists, gradients: halves.map(({ values }) => values) } : lists);
    const made = onHost(lists, half ? halves.map(({ bits }) => bits) : lists.gradients, half);
    made.forEach((values, i) => {
      if (i % 4 < 3) expect(largestDifference(values, wanted[i]!)).toBeLessThan(2e-7);
    });
    expect(largestDifference(made[0]!, lists.weights[0]!)).toBeGreaterThan(1e-3);
    // The copy is the kernel's own weights, rounded as libtorch rounds.
    sizes.forEach((_, i) => {
      expect(made[4 * i + 3]).toEqual(rounded(made[4 * i]!).values);
    });
  });

  it('is given every number of every tensor once', () => {
    const chunks = chunksOf(sizes, chunkSize);
    const pairs = Array.from({ length: chunks.length / 2 }, (_, i) => [chunks[2 * i]!, chunks[2 * i + 1]!] as const);
    const covered = sizes.map((size, tensor) =>
      pairs
        .filter(([of]) => of === tensor)
        .reduce((sum, [, number]) => sum + Math.min(chunkSize, size - number * chunkSize), 0),
    );
    expect(covered).toEqual(sizes);
  });

  it('is launched with a table of addresses, a block a chunk, and the numbers in the order of its source', () => {
    const launches: [Kernel, number, number, readonly unknown[]][] = [];
    const launch: Addon['launch'] = (...call) => void launches.push(call);
    const aten = new Aten({ ...addon, launch }, 'cpu');
    const [weights, gradients, first, second] = Object.values(given()).map((values) =>
      values.map((x) => aten.from(x, [x.length])),
    ) as [Handle[], Handle[], Handle[], Handle[]];
    const lists = { weights, gradients, first, second };
    launchAdamW(aten, (name) => name as unknown as Kernel, lists, numbers);
    const [kernel, blocks, threads, [table, chunks, size, ...rest]] = launches[0]!;
    expect([kernel, blocks, threads, size]).toEqual(['adamw_float32', 3, 256, 8192n]);
    const row = [weights, gradients, first, second].map((all) => addon.addresses(all)[2]!);
    expect([...tableOf(addon, lists, sizes).subarray(12)]).toEqual([...row, 0n, 37n]);
    expect([table, chunks].map((x) => addon.shape(x as Handle))).toEqual([
      [3, 6],
      [3, 2],
    ]);
    expect(rest).toEqual(kernelNumbers(numbers));
    aten.close();
  });
});

// NVRTC comes with a CUDA torch: "npm run check:cuda".
const nvrtc = ((): string | null => {
  const file = locateAddon();
  try {
    return file && loadAddon(file).nvrtcVersion();
  } catch {
    if (process.env.REASONTUNE_CHECK_CUDA === '1') throw new Error('Expected NVRTC in the CUDA torch.');
    console.warn('skipped: compiling our kernels, for want of NVRTC');
    return null;
  }
})();

describe.skipIf(!nvrtc)('our kernels compile', () => {
  const cases = [...kernelSources().keys()].flatMap((file) => ['sm_80', 'sm_90', 'sm_100'].map((arch) => [file, arch]));

  it.each(cases)('%s for %s', (file, arch) => {
    const source = kernelSources().get(file!) as string;
    const cubin = Buffer.from(addon.compileKernels(source, file!, arch!));
    expect(cubin.subarray(1, 4).toString()).toBe('ELF');
    for (const [, name] of source.matchAll(/extern "C" __global__ void (\w+)/g))
      expect(cubin.includes(name!)).toBe(true);
  });

  it('says what NVRTC says of a wrong one', () => {
    expect(() => addon.compileKernels('__global__ void f() { nonsense; }', 'f.cu', 'sm_90')).toThrow(
      /f\.cu does not compile for sm_90.*identifier "nonsense" is undefined/s,
    );
  });
});
