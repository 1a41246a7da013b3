import type { Addon, Argument, Handle } from '../../tensor/torch/addon.js';
import { scalarTypes } from '../../tensor/torch/scalar-types.js';
import { type Chance, making, type OwnCall } from './chance.js';

// Around the kernels' tiles, 6 or 12 rows, and their vectors, 4 to 16 numbers.
const lengths = [0, 1, 1, 2, 5, 6, 7, 11, 12, 13, 15, 16, 17, 24, 25, 47, 49];
const huge = [2 ** 31, 2 ** 32, 2 ** 42, 2 ** 53, -1, 0];

/** A call of one of our attention operators: as it should be, or with one or two things wrong. */
export function attentionCall(addon: Addon, { below, pick, odd }: Chance): OwnCall {
  const { made, own, op } = making(addon);
  const from = (shape: readonly number[]): Handle => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => below(201) / 100 - 1);
    return own(addon.fromArray(values, shape, 'cpu'));
  };

  const kvHeads = pick([1, 1, 2, 3]);
  const heads = kvHeads * pick([1, 1, 2, 4]);
  const width = pick([addon.lanes, addon.lanes, 2 * addon.lanes, 3 * addon.lanes, 64, 4, 1]);
  const sequences = Array.from({ length: below(5) }, () => pick(lengths));
  const offsets = [0];
  for (const length of sequences) offsets.push(offsets.at(-1)! + length);
  const tokens = offsets.at(-1)!;
  const dtype = pick([scalarTypes.float32, scalarTypes.bfloat16]);
  const stored = (x: Handle, as: number = dtype): Handle =>
    as === scalarTypes.float32 ? x : op('_to_copy', [x], { dtype: as });

  // What the kernels are to read, and what they are to refuse or to read with care.
  const columns = heads * width;
  const kvColumns = kvHeads * width;
  const fused = stored(from([tokens, columns + 2 * kvColumns]));
  const rows = (count: number, at: number): Handle => {
    const shape = [tokens, count];
    switch (below(8)) {
      case 0:
        return op('narrow', [fused, 1, at, count]);
      case 1: // over the others' memory
        return op('narrow', [fused, 1, below(columns + 2 * kvColumns - count + 1), count]);
      case 2:
        return op('expand', [stored(from([1, count])), shape]);
      case 3: // rows that overlap, ending where the memory does
        return op('as_strided', [stored(from([tokens + count])), shape, [1, 1]]);
      default:
        return stored(from(shape));
    }
  };
  const wrongTensor = (right: Handle): Handle => {
    const shape = addon.shape(right);
    const last = shape.at(-1) ?? 0;
    const bad: readonly (() => Handle)[] = [
      () => from(shape.with(-1, Math.max(0, last + pick([-1, 1, width])))),
      () => from([tokens + 1, last]),
      () => from([Math.max(0, tokens - 1), last]),
      () => from([0, last]),
      () => from([tokens, 0]),
      () => from([]),
      () => from([tokens * last]),
      () => from([1, tokens, last]),
      () => op('t', [from([last, tokens])]),
      () => op('flip', [right, [0]]),
      () => op('expand', [from([tokens, 1]), [tokens, last]]),
      () => op('expand', [from([1, 1]), [tokens, last]]),
      () => op('slice.Tensor', [from([tokens, 2 * last]), 1, 0, 2 * last, 2]),
      () => stored(from(shape), pick([...Object.values(scalarTypes), 0, 5, 7])),
      () => op('empty.memory_format', [shape], { dtype, device: 'meta' }),
      () => op('_efficientzerotensor', [shape], { dtype: scalarTypes.float32 }),
      () => op('to_sparse', [from(shape)]),
      () => op('_neg_view', [stored(from(shape))]),
      () => {
        addon.release(right);
        return right;
      },
    ];
    return pick(bad)();
  };
  const listed = (values: readonly number[]): Handle =>
    own(addon.fromArray(Int32Array.from(values), [values.length], 'cpu'));
  const wrongOffsets = (): Handle => {
    const at = below(offsets.length);
    const bad: readonly (() => Handle)[] = [
      () => listed(offsets.with(at, offsets[at]! + pick([-1, 1, 7, -1000, 2 ** 31 - 1, -(2 ** 31)]))),
      () => listed([...offsets, tokens + 1]),
      () => listed([...offsets, tokens, tokens]),
      () => listed(offsets.slice(1)),
      () => listed(offsets.slice(0, -1)),
      () => listed([...offsets].reverse()),
      () => listed([-5, ...offsets]),
      () => listed([0, 2 ** 31 - 1, ...offsets]),
      () => listed([]),
      () => own(addon.fromArray(Int32Array.from(offsets), [1, offsets.length], 'cpu')),
      () => own(addon.fromArray(new Int32Array(1), [], 'cpu')),
      () => op('_to_copy', [listed(offsets)], { dtype: pick([0, 3, 4, 6, 11, 15]) }),
      () => op('slice.Tensor', [listed(offsets.flatMap((value) => [value, -1])), 0, 0, 2 * offsets.length, 2]),
      () => op('expand', [listed([pick([0, tokens])]), [3]]),
      () => op('empty.memory_format', [[offsets.length]], { dtype: scalarTypes.int32, device: 'meta' }),
      () => op('_efficientzerotensor', [[offsets.length]], { dtype: scalarTypes.int32 }),
      () => fused,
    ];
    return pick(bad)();
  };

  const gradient = below(2) === 0;
  const tensors = [rows(columns, 0), rows(kvColumns, columns), rows(kvColumns, columns + kvColumns)];
  if (gradient) tensors.unshift(rows(columns, 0));
  if (gradient) tensors.push(rows(columns, 0), from([heads, tokens]));
  const reach = (): number => pick([-1, -1, 0, 1, 5, 30, ...huge]);
  const args: unknown[] = [...tensors, listed(offsets), heads, kvHeads, reach(), reach()];
  const places = Array.from({ length: pick([0, 0, 1, 1, 2]) }, () => below(args.length));
  for (const at of new Set(places)) {
    if (below(8) === 0) args[at] = odd();
    else if (at < tensors.length) args[at] = wrongTensor(tensors[at]!);
    else if (at === tensors.length) args[at] = wrongOffsets();
    else args[at] = pick([...huge, 1, 2, 3, 4, 7]);
  }
  if (below(40) === 0) args.push(fused);
  if (below(40) === 0) args.splice(below(args.length), 1);
  return { operator: `reasontune::attention${gradient ? '_gradient' : ''}`, args: args as Argument[], made };
}
