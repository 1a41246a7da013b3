import { slice_util, type Tensor } from '@tensorflow/tfjs-core';
import type { Handle } from '../addon.js';
import type { Aten } from '../aten.js';
import { type KernelCall, registerTorchKernel } from '../backend.js';

/** x[i] for each i of `indices` along an axis. */
function select(aten: Aten, x: Handle, axis: number, indices: readonly number[]): Handle {
  return aten.one('aten::index_select', [x, axis, aten.from(Int32Array.from(indices), [indices.length])]);
}

/** The block of x that begins at `begin`; a copy, so that it does not keep all of x alive. */
function block(aten: Aten, x: Handle, begin: readonly number[], size: readonly number[]): Handle {
  const view = begin.reduce((y, start, axis) => aten.one('aten::narrow', [y, axis, start, size[axis]!]), x);
  return aten.one('aten::clone', [view]);
}

interface StridedSlice {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

interface Padding {
  /** [before, after] for each axis. */
  readonly paddings: [number, number][];
}

export function registerSlices(): void {
  registerTorchKernel(
    'Slice',
    ({ aten, inputs: { x }, attrs, shapes }: KernelCall<{ begin: number[]; size: number[] }, 'x'>) => {
      const whole = { shape: [...shapes.x], rank: shapes.x.length } as Tensor;
      const [begin, size] = slice_util.parseSliceParams(whole, attrs.begin, attrs.size);
      slice_util.assertParamsValid(whole, begin!, size!);
      return block(aten, x, begin!, size!);
    },
  );
  registerTorchKernel('StridedSlice', ({ aten, inputs: { x }, attrs: a, shapes }: KernelCall<StridedSlice, 'x'>) => {
    const { finalShape, begin, end, strides } = slice_util.sliceInfo(
      [...shapes.x],
      ...[a.begin, a.end, a.strides],
      ...([a.beginMask, a.endMask, a.ellipsisMask, a.newAxisMask, a.shrinkAxisMask] as const),
    );
    const taken = slice_util.computeOutShape(begin, end, strides).reduce((y, length, axis) => {
      const [start, stride] = [begin[axis]!, strides[axis]!];
      if (stride === 1) return aten.one('aten::narrow', [y, axis, start, Math.max(0, length)]);
      return select(
        aten,
        y,
        axis,
        Array.from({ length: Math.max(0, length) }, (_, i) => start + i * stride),
      );
    }, x);
    return aten.one('aten::reshape', [aten.one('aten::clone', [taken]), finalShape]);
  });
  registerTorchKernel('PadV2', ({ aten, inputs: { x }, attrs }: KernelCall<Padding & { constantValue: number }, 'x'>) =>
    // libtorch wants the last axis first.
    aten.one('aten::constant_pad_nd', [x, attrs.paddings.toReversed().flat(), attrs.constantValue]),
  );
  registerTorchKernel(
    'MirrorPad',
    ({ aten, inputs: { x }, attrs, shapes }: KernelCall<Padding & { mode: 'reflect' | 'symmetric' }, 'x'>) =>
      attrs.paddings.reduce((y, [before, after], axis) => {
        const length = shapes.x[axis]!;
        // Symmetric repeats the border's own value, reflect does not.
        const edge = attrs.mode === 'symmetric' ? 1 : 0;
        const mirrored = (i: number): number => {
          if (i < 0) return -i - edge;
          return i >= length ? 2 * length - 2 - i + edge : i;
        };
        return select(
          aten,
          y,
          axis,
          Array.from({ length: before + length + after }, (_, i) => mirrored(i - before)),
        );
      }, x),
  );
}
