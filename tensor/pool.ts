import { concat, gather, mean, mul, slice, type Tensor2D, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

export type Pooling = 'mean' | 'cls';

interface Layout {
  readonly pooling: Pooling;
  readonly offsets: Int32Array;
  /** rows[i]: the output row of the packed batch's sequence i. */
  readonly rows: Int32Array;
}

/** For each token the output row it belongs to, and the share of that row it makes up. */
function shares({ pooling, offsets, rows }: Layout): { row: Int32Array; share: Float32Array } {
  const tokens = offsets.at(-1) as number;
  const row = new Int32Array(tokens);
  const share = new Float32Array(tokens);
  rows.forEach((target, i) => {
    const [start, end] = [offsets[i]!, offsets[i + 1]!];
    row.fill(target, start, end);
    if (pooling === 'mean') share.fill(1 / (end - start), start, end);
    else share[start] = 1;
  });
  return { row, share };
}

const operation = defineOperation<'x', Layout>({
  name: 'Pool',
  compose: ({ x }, { pooling, offsets, rows }) => {
    const pooled: Tensor2D[] = [];
    rows.forEach((target, i) => {
      const start = offsets[i]!;
      const length = pooling === 'mean' ? offsets[i + 1]! - start : 1;
      pooled[target] = mean(slice(x as Tensor2D, [start, 0], [length, -1]), 0, true);
    });
    return [concat(pooled)];
  },
  torch: (aten, { x }, layout) => {
    const { row, share } = shares(layout);
    const weighted = aten.one('aten::mul.Tensor', [x, aten.from(share, [share.length, 1])]);
    const zeros = aten.one('aten::zeros_like', [aten.one('aten::narrow', [x, 0, 0, layout.rows.length])]);
    return [aten.one('aten::index_add_', [zeros, 0, aten.from(row, [row.length]), weighted])];
  },
  gradient: {
    of: ['x'],
    inputs: [],
    outputs: false,
    compose: (dy, _x, _y, layout) => {
      const { row, share } = shares(layout);
      return [mul(gather(dy, tensor1d(row, 'int32')), tensor2d(share, [share.length, 1]))];
    },
  },
});

/** One vector a sequence: the mean of its tokens' rows of x [tokens, hidden], or its first token's → [sequences, hidden]. */
export function pool(x: Tensor2D, pooling: Pooling, offsets: Int32Array, rows: Int32Array): Tensor2D {
  return operation({ x }, { pooling, offsets, rows }) as Tensor2D;
}
