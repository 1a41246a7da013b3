import type { Addon, Argument, Handle } from '../../tensor/torch/addon.js';
import { scalarTypes } from '../../tensor/torch/scalar-types.js';
import { type Chance, making, type OwnCall } from './chance.js';

/** A call of one of our projections or their gradient: as it should be, or with arguments that it is to refuse or to copy. */
export function linearCall(addon: Addon, { below, pick, odd }: Chance): OwnCall {
  const { made, own, op } = making(addon);
  // Around the tiles' 6 or 12 rows, the tasks' four tiles and the 256 rows of a gradient's sums.
  const rows = pick([0, 1, 2, 5, 6, 7, 12, 13, 24, 25, 47, 48, 49, 100, 257]);
  const inner = addon.lanes * pick([0, 1, 1, 2, 3]);
  const columns = addon.lanes * pick([0, 1, 1, 2, 3, 5]);
  const from = (shape: readonly number[]): Handle => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => below(201) / 100 - 1);
    return own(addon.fromArray(values, shape, 'cpu'));
  };
  const type = pick([scalarTypes.bfloat16, scalarTypes.float32]);
  const stored = (x: Handle): Handle => (type === scalarTypes.float32 ? x : op('_to_copy', [x], { dtype: type }));
  const released = (x: Handle): Handle => {
    addon.release(x);
    return x;
  };

  const matrix = (height: number, width: number): Handle => stored(from([height, width]));
  const strange = (height: number, width: number): Handle => {
    const shapes: readonly (() => Handle)[] = [
      () => op('narrow', [matrix(height, width + 9), 1, below(10), width]),
      () => op('expand', [matrix(1, width), [height, width]]),
      () => op('t', [matrix(width, height)]),
      () => op('as_strided', [stored(from([height + width])), [height, width], [1, 1]]),
      () => op('slice.Tensor', [matrix(2 * height, width), 0, 0, 2 * height, 2]),
      () => op('_neg_view', [matrix(height, width)]),
      () => op('_efficientzerotensor', [[height, width]], { dtype: type }),
      () => from([height, width]),
      () => matrix(height + 1, width),
      () => matrix(height, width + pick([1, addon.lanes])),
      () => stored(from([height * width])),
      () => op('_to_copy', [from([height, width])], { dtype: pick([0, 3, 4, 5, 7, 11]) }),
      () => op('empty.memory_format', [[height, width]], { dtype: type, device: 'meta' }),
      () => op('to_sparse', [matrix(height, width)]),
      () => released(matrix(height, width)),
    ];
    return pick(shapes)();
  };
  const list = (): Argument => {
    const lists: readonly (() => Argument)[] = [
      () => from([columns]),
      () => from([columns]),
      () => stored(from([columns])),
      () => null,
      () => op('slice.Tensor', [from([2 * columns]), 0, 0, 2 * columns, 2]),
      () => op('expand', [from([1]), [columns]]),
      () => from([columns + 1]),
      () => from([1, columns]),
      () => op('_to_copy', [from([columns])], { dtype: scalarTypes.int32 }),
      () => released(from([columns])),
    ];
    return pick(below(4) === 0 ? lists : lists.slice(0, 2))();
  };

  const side = (height: number, width: number): Handle => (below(6) === 0 ? strange : matrix)(height, width);
  const first: Argument[] = [side(rows, inner), side(columns, inner), list()];
  const eps = pick([1e-12, 1e-5, 0, -1, Number.NaN]);
  const calls: readonly (() => [string, unknown[]])[] = [
    () => ['linear', [...first, below(2) === 0]],
    () => ['linear_norm', [...first, side(rows, columns), list(), list(), eps]],
    () => ['weight_gradient', [side(rows, columns), side(rows, inner)]],
  ];
  const [name, args] = pick(calls)();
  if (below(10) === 0) args[below(args.length)] = odd();
  if (below(40) === 0) args.push(0);
  if (below(40) === 0) args.pop();
  return { operator: `reasontune::${name}`, args: args as Argument[], made };
}
