import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { locateAddon } from '../../native/locate.js';
import { type Addon, type Handle, loadAddon } from '../../tensor/torch/addon.js';

// The native door: whatever is passed, an exception and never a crash.
describe('the addon', () => {
  let addon: Addon;
  let x: Handle;
  beforeAll(() => {
    addon = loadAddon(locateAddon() as string);
    x = addon.fromArray(Float32Array.from([1, 2, 3, 4]), [2, 2], 'cpu');
  });

  const flash = (shape: number[]): unknown => {
    const none = addon.fromArray(new Float32Array(0), shape, 'cpu');
    return addon.call('aten::_scaled_dot_product_flash_attention_for_cpu', [none, none, none, 0, false]);
  };

  it('computes', () => {
    const sum = addon.call('aten::add.Tensor', [x, x], { alpha: 2 }) as Handle;
    expect([...addon.toArray(sum)]).toEqual([3, 6, 9, 12]);
    addon.release(sum);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['an unknown operator', () => addon.call('aten::nonsense', []), /no operator aten::nonsense/],
    ['a missing argument', () => addon.call('aten::mm', [x]), /value for aten::mm\(mat2\)/],
    ['too many arguments', () => addon.call('aten::mm', [x, x, x]), /Too many arguments/],
    ['a foreign object for a tensor', () => addon.call('aten::mm', [x, {} as never]), /tensor for aten::mm\(mat2\)/],
    ['a number for a tensor', () => addon.call('aten::mm', [x, 3]), /tensor for aten::mm\(mat2\)/],
    ['a fraction for an integer', () => addon.call('aten::select.int', [x, 0.5, 0]), /an integer/],
    ['shapes that do not fit', () => addon.call('aten::view', [x, [3]]), /invalid for input of size 4/],
    ['an index outside', () => addon.call('aten::select.int', [x, 0, 9]), /out of range/],
    [
      'values that do not fill the shape',
      () => addon.fromArray(new Float32Array(3), [2, 2], 'cpu'),
      /Expected 4 values/,
    ],
    ['a shape that overflows', () => addon.fromArray(new Float32Array(3), [2 ** 40, 2 ** 40], 'cpu'), /shape/],
    ['an unknown device', () => addon.fromArray(new Float32Array(1), [1], 'abacus'), /abacus/],
    [
      'libtorch’s attention of nothing, which it divides by',
      () => flash([1, 1, 0, 4]),
      /sizes above 0 for aten::_scaled/,
    ],
    ['libtorch’s attention without heads', () => flash([1, 0, 2, 4]), /sizes above 0 for aten::_scaled/],
    ['another kind of array', () => addon.fromArray(new Float64Array(1) as never, [1], 'cpu'), /Float32Array/],
  ])('refuses %s', (_name, act, message) => {
    expect(act).toThrow(message);
  });

  it('gives zeros and negations that libtorch puts off as the numbers they are', () => {
    const none = addon.call('aten::_efficientzerotensor', [[2]], { dtype: 6 }) as Handle;
    const negative = addon.call('aten::_neg_view', [x]) as Handle;
    expect([...addon.toArray(none)]).toEqual([0, 0]);
    expect([...addon.toArray(negative)]).toEqual([-1, -2, -3, -4]);
    for (const y of [none, negative]) addon.release(y);
  });

  it('reads without waiting: the values of the moment at which it was asked', async () => {
    const y = addon.fromArray(Float32Array.from([1, 2]), [2], 'cpu');
    const reading = addon.read(y);
    addon.call('aten::mul_.Scalar', [y, 5]);
    addon.release(y);
    expect([...(await reading)]).toEqual([1, 2]);
  });

  it('describes operators, types and the memory of a device', () => {
    expect(addon.describe('aten::mm')).toMatchObject({ arguments: ['self', 'mat2'], cpu: true });
    expect(addon.describe('aten::nonsense')).toBeNull();
    const half = addon.call('aten::_to_copy', [x], { dtype: 15 }) as Handle;
    expect([addon.scalarType(x), addon.scalarType(half)]).toEqual([6, 15]);
    expect(addon.memory('cpu')).toBeNull();
    expect([...addon.addresses([x, x, half])].map((address) => address !== 0n)).toEqual([true, true, true]);
  });

  it('sets how arithmetic is done, and refuses what it does not know', () => {
    addon.configure({ tf32: true, deterministic: true, reducedBfloat16Sums: false });
    addon.configure({ tf32: false, deterministic: false, reducedBfloat16Sums: true });
    expect(() => addon.configure({ tf32: 1 } as never)).toThrow(/true or false for configure\(tf32\)/);
  });

  it('refuses a released tensor, and counts what lives', () => {
    const before = addon.liveTensors();
    const y = addon.fromArray(new Float32Array(2), [2], 'cpu');
    expect(addon.liveTensors()).toBe(before + 1);
    addon.release(y);
    addon.release(y);
    expect(addon.liveTensors()).toBe(before);
    expect(() => addon.toArray(y)).toThrow(/released/);
  });

  it('survives any arguments to any of its functions', () => {
    const odd = fc.oneof(fc.constant(undefined), fc.constant(null), fc.anything(), fc.constant(new Int32Array(2)));
    const operators = fc.constantFrom(
      'aten::mm',
      'aten::cat',
      'aten::native_layer_norm',
      'aten::embedding',
      'aten::full',
      'aten::_foreach_mul_.Scalar',
      'x',
    );
    fc.assert(
      fc.property(
        operators,
        fc.array(fc.oneof(odd, fc.constantFrom('tensor')), { maxLength: 5 }),
        (operator, given) => {
          const args = given.map((value) => (value === 'tensor' ? x : value));
          const acts = [
            () => addon.call(operator, args as never),
            () => addon.call(...(args as [never, never])),
            () => addon.fromArray(...(args as [never, never, never])),
            () => addon.toArray(args[0] as never),
            () => addon.shape(args[0] as never),
            () => addon.release(args[1] as never),
            () => addon.read(args[0] as never).catch(() => null),
            () => addon.describe(args[0] as never),
            () => addon.scalarType(args[0] as never),
            () => addon.memory(args[0] as never),
            () => addon.resetPeak(args[0] as never),
            () => addon.configure(args[0] as never),
            () => addon.cudaDevice(args[0] as never),
            () => addon.compileKernels(...(args as [never, never, never])),
            () => addon.loadKernel(...(args as [never, never])),
            () => addon.launch(...(args as [never, never, never, never])),
            () => addon.addresses(args as never),
          ];
          for (const act of acts) {
            try {
              act();
            } catch (error) {
              expect(error).toBeInstanceOf(Error);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
    x = addon.fromArray(Float32Array.from([1, 2, 3, 4]), [2, 2], 'cpu');
  });
});
