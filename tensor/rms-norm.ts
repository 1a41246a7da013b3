import {
  add,
  mean,
  mul,
  reshape,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';
import { raise, storedAs } from './precision.js';

interface Attributes {
  readonly eps: number;
  readonly width: number;
}

/** x [tokens, groups · width] as rows of the width that is normalized. */
function rowsOf(x: Tensor, { width }: Attributes): Tensor2D {
  return reshape(x, [-1, width]);
}

const operation = defineOperation<'x' | 'gain', Attributes>({
  name: 'RmsNorm',
  results: 2,
  compose: ({ x, gain }, attrs) => {
    const rows = rowsOf(x, attrs);
    const inverse = rsqrt(add(mean(square(rows), 1, true), attrs.eps));
    return [reshape(mul(mul(rows, inverse), gain), x.shape), inverse];
  },
  torch: (aten, { x, gain }, { eps, width }) => {
    const rows = aten.as(aten.one('aten::reshape', [x, [-1, width]]), gain);
    const squares = aten.one('aten::mean.dim', [aten.one('aten::square', [rows]), [1], true]);
    const inverse = aten.one('aten::rsqrt_', [aten.one('aten::add_.Scalar', [squares, eps])]);
    const scaled = aten.one('aten::mul_.Tensor', [aten.one('aten::mul.Tensor', [rows, inverse]), gain]);
    return [aten.as(aten.one('aten::view_as', [scaled, x]), x), inverse];
  },
  gradient: {
    of: ['x', 'gain'],
    inputs: ['x', 'gain'],
    outputs: true,
    compose: (dy, { x, gain }, [, inverse], attrs) => {
      const [rows, upstream] = [raise(rowsOf(x, attrs)), raise(rowsOf(dy, attrs))];
      const normalized = mul(rows, inverse!);
      const scaled = mul(upstream, gain);
      const along = mul(normalized, mean(mul(scaled, normalized), 1, true));
      const dx = reshape(mul(sub(scaled, along), inverse!), x.shape);
      return [storedAs(dx, x), sum(mul(upstream, normalized), 0)];
    },
  },
});

/**
 * Root mean square normalization (Zhang & Sennrich 2019) of x [tokens, groups · width], each group of a row by itself,
 * with gain [width]. A model's own norms have one group; norms of queries and keys have one for each head.
 */
export function rmsNorm(x: Tensor2D, gain: Tensor1D, eps: number): Tensor2D {
  return operation({ x, gain }, { eps, width: gain.shape[0] }) as Tensor2D;
}
