import { util } from '@tensorflow/tfjs-core';
import type { Handle } from '../addon.js';
import type { Aten } from '../aten.js';
import { type KernelCall, registerTorchKernel } from '../backend.js';
import { scalarTypes } from '../scalar-types.js';
import { cast } from './cast.js';

interface ReductionAttributes {
  readonly axis?: number | number[];
  /** Max has this name for its axes. */
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}
type Reduction = KernelCall<ReductionAttributes, 'x'>;
type Reduce = (aten: Aten, x: Handle, axes: number[], keepDims: boolean, call: Reduction) => Handle;

// libtorch sums integers and truth values into int64, and takes no mean of them.
const reductions = {
  Sum: (aten, x, axes, keepDims, { dtypes }) =>
    aten.one('aten::sum.dim_IntList', [x, axes, keepDims], dtypes.x === 'float32' ? {} : { dtype: scalarTypes.int32 }),
  Mean: (aten, x, axes, keepDims, { dtypes }) =>
    aten.one('aten::mean.dim', [x, axes, keepDims], dtypes.x === 'float32' ? {} : { dtype: scalarTypes.float32 }),
  Max: (aten, x, axes, keepDims) => aten.one('aten::amax', [x, axes, keepDims]),
  Min: (aten, x, axes, keepDims) => aten.one('aten::amin', [x, axes, keepDims]),
  All: (aten, x, axes, keepDims) => aten.one('aten::all.dims', [x, axes, keepDims]),
  Any: (aten, x, axes, keepDims) => aten.one('aten::any.dims', [x, axes, keepDims]),
  Prod: (aten, x, axes, keepDims, { dtypes }) => {
    const dtype = dtypes.x === 'float32' ? {} : { dtype: scalarTypes.int32 };
    const one = (y: Handle, axis: number): Handle => aten.one('aten::prod.dim_int', [y, axis, keepDims], dtype);
    // The last axis first, so that the others keep their numbers.
    return [...axes].sort((a, b) => b - a).reduce(one, x);
  },
} satisfies Record<string, Reduce>;

export function registerReductions(): void {
  for (const [name, reduce] of Object.entries<Reduce>(reductions)) {
    registerTorchKernel(name, (call: Reduction) => {
      const { aten, inputs, attrs, shapes } = call;
      const axes = util.parseAxisParam(attrs.reductionIndices ?? attrs.axis!, [...shapes.x]);
      // To libtorch no axes mean all of them, to tfjs none.
      if (axes.length === 0 && shapes.x.length > 0) return aten.one('aten::clone', [inputs.x]);
      return reduce(aten, inputs.x, axes, attrs.keepDims ?? false, call);
    });
  }
  registerExtremePlace('ArgMax', 'aten::argmax', Number.NEGATIVE_INFINITY);
  registerExtremePlace('ArgMin', 'aten::argmin', Number.POSITIVE_INFINITY);
  registerRunning('Cumsum', 'aten::cumsum', 'aten::zeros_like');
  registerRunning('Cumprod', 'aten::cumprod', 'aten::ones_like');
}

/** Where the largest or smallest value is. tfjs passes over NaN, libtorch would choose it: `last` never wins. */
function registerExtremePlace(name: string, operator: string, last: number): void {
  registerTorchKernel(name, ({ aten, inputs, attrs, shapes, dtypes }: KernelCall<{ axis: number | number[] }, 'x'>) => {
    const [axis] = util.parseAxisParam(attrs.axis, [...shapes.x]);
    const x =
      dtypes.x === 'float32'
        ? aten.one('aten::nan_to_num', [inputs.x, last, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        : cast(aten, inputs.x, 'int32');
    return cast(aten, aten.one(operator, [x, axis]), 'int32');
  });
}

type Running = KernelCall<{ axis: number; exclusive: boolean; reverse: boolean }, 'x'>;

/** Running sums or products; `neutral` makes the first one of an exclusive run. */
function registerRunning(name: string, operator: string, neutral: string): void {
  registerTorchKernel(name, ({ aten, inputs: { x }, attrs, shapes, dtypes }: Running) => {
    const axis = attrs.axis < 0 ? attrs.axis + shapes.x.length : attrs.axis;
    const flip = (y: Handle): Handle => (attrs.reverse ? aten.one('aten::flip', [y, [axis]]) : y);
    const dtype = dtypes.x === 'float32' ? {} : { dtype: scalarTypes.int32 };
    let run = aten.one(operator, [flip(x), axis], dtype);
    if (attrs.exclusive) {
      const before = aten.one('aten::narrow', [run, axis, 0, Math.max(0, shapes.x[axis]! - 1)]);
      const first = aten.one(neutral, [aten.one('aten::narrow', [run, axis, 0, Math.min(1, shapes.x[axis]!)])]);
      run = aten.one('aten::cat', [[first, before], axis]);
    }
    return flip(run);
  });
}
