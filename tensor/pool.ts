import { concat, gather, mean, mul, slice, type Tensor2D, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

/** Which of a text's tokens make its vector: all on average, the first, or the last. */
type Pooling = 'mean' | 'cls' | 'last';

interface Layout {
  readonly pooling: Pooling;
  readonly offsets: Int32Array;
  /** rows[i]: the output row of the packed batch's sequence i. */
  readonly rows: Int32Array;
  /** skips[i]: tokens at the beginning of sequence i that are left out. */
  readonly skips: Int32Array;
}

/** The tokens of sequence i that are pooled, from `start` to before `end`; always one at least. */
function pooled({ pooling, offsets, skips }: Layout, i: number): { start: number; end: number } {
  const end = offsets[i + 1]!;
  const start = Math.min(offsets[i]! + skips[i]!, end - 1);
  if (pooling === 'cls') return { start, end: start + 1 };
  return { start: pooling === 'last' ? end - 1 : start, end };
}

/** For each token the output row it belongs to, and the share of that row it makes up. */
function shares(layout: Layout): { row: Int32Array; share: Float32Array } {
  const { offsets, rows } = layout;
  const tokens = offsets.at(-1) as number;
  const row = new Int32Array(tokens);
  const share = new Float32Array(tokens);
  rows.forEach((target, i) => {
    row.fill(target, offsets[i]!, offsets[i + 1]!);
    const { start, end } = pooled(layout, i);
    share.fill(1 / (end - start), start, end);
  });
  return { row, share };
}

const operation = defineOperation<'x', Layout>({
  name: 'Pool',
  compose: ({ x }, layout) => {
    const vectors: Tensor2D[] = [];
    layout.rows.forEach((target, i) => {
      const { start, end } = pooled(layout, i);
      vectors[target] = mean(slice(x as Tensor2D, [start, 0], [end - start, -1]), 0, true);
    });
    return [concat(vectors)];
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

/** One vector a sequence, of its tokens' rows of x [tokens, hidden], prompts left out as `skips` says → [sequences, hidden]. */
export function pool(x: Tensor2D, layout: Layout): Tensor2D {
  return operation({ x }, layout) as Tensor2D;
}
