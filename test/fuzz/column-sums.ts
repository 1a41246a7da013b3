import type { Addon, Argument, Handle } from '../../tensor/torch/addon.js';
import { scalarTypes } from '../../tensor/torch/scalar-types.js';
import { type Chance, making, type OwnCall } from './chance.js';

/** A call of our column sums: of a matrix as it should be, of a view of one, or of what the kernel is to refuse. */
export function columnSumsCall(addon: Addon, { below, pick, odd }: Chance): OwnCall {
  const { made, own, op } = making(addon);
  // Around the 512 rows of a task; with 600 rows and more, memory that is kept (native/host-memory.cpp).
  const rows = pick([0, 1, 2, 3, 511, 512, 513, 1100]);
  const columns = addon.lanes * pick([0, 1, 1, 2, 3, 4]);
  const from = (shape: readonly number[]): Handle => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(below(7) - 3);
    return own(addon.fromArray(values, shape, 'cpu'));
  };
  const stored = (x: Handle): Handle => (below(2) === 0 ? x : op('_to_copy', [x], { dtype: scalarTypes.bfloat16 }));
  const shapes: readonly (() => Handle)[] = [
    () => stored(from([rows, columns])),
    () => op('narrow', [stored(from([rows, columns + 7])), 1, below(8), columns]),
    () => op('expand', [stored(from([1, columns])), [rows, columns]]),
    () => op('as_strided', [stored(from([rows + columns])), [rows, columns], [1, 1]]),
    () => op('slice.Tensor', [stored(from([rows, columns])), 0, below(3), rows, 3]),
    () => op('t', [stored(from([columns, rows]))]),
    () => stored(from([rows, columns + pick([1, 2, addon.lanes - 1])])),
    () => from([rows * columns]),
    () => from([1, rows, columns]),
    () => from([]),
    () => op('_to_copy', [from([rows, columns])], { dtype: pick([0, 3, 4, 5, 7, 11]) }),
    () => op('empty.memory_format', [[rows, columns]], { dtype: scalarTypes.float32, device: 'meta' }),
    () => op('_efficientzerotensor', [[rows, columns]], { dtype: scalarTypes.float32 }),
    () => op('_neg_view', [stored(from([rows, columns]))]),
    () => op('to_sparse', [from([rows, columns])]),
    () => {
      const x = from([rows, columns]);
      addon.release(x);
      return x;
    },
  ];
  const args: unknown[] = [below(12) === 0 ? odd() : (below(2) === 0 ? shapes[0]! : pick(shapes))()];
  if (below(40) === 0) args.push(0);
  if (below(40) === 0) args.pop();
  return { operator: 'reasontune::column_sums', args: args as Argument[], made };
}
