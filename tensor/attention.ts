import {
  concat,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';
import { type Run, runsOf } from './runs.js';
import type { Handle } from './torch/addon.js';
import type { Aten } from './torch/aten.js';

interface Shape {
  readonly heads: number;
  readonly width: number;
  readonly offsets: Int32Array;
}

/** A run's rows of x [tokens, heads · width] as [count, heads, length, width]. */
function split(x: Tensor, { start, count, length }: Run, { heads, width }: Shape): Tensor4D {
  const rows = slice(x as Tensor2D, [start, 0], [count * length, -1]);
  return transpose(reshape(rows, [count, length, heads, width]), [0, 2, 1, 3]) as Tensor4D;
}

/** The inverse of `split`, over all runs. */
function join(parts: Tensor4D[], { heads, width }: Shape): Tensor2D {
  return concat(parts.map((part) => reshape(transpose(part, [0, 2, 1, 3]), [-1, heads * width]) as Tensor2D));
}

function torchSplit(aten: Aten, x: Handle, { start, count, length }: Run, { heads, width }: Shape): Handle {
  const rows = aten.one('aten::narrow', [x, 0, start, count * length]);
  return aten.one('aten::transpose.int', [aten.one('aten::view', [rows, [count, length, heads, width]]), 1, 2]);
}

function torchJoin(aten: Aten, parts: Handle[], { heads, width }: Shape): Handle {
  const rows = parts.map((part) =>
    aten.one('aten::reshape', [aten.one('aten::transpose.int', [part, 1, 2]), [-1, heads * width]]),
  );
  return aten.one('aten::cat', [rows]);
}

const operation = defineOperation<'q' | 'k' | 'v', Shape>({
  name: 'Attention',
  results: 2,
  cpuOnly: true,
  compose: ({ q, k, v }, shape) => {
    const outs = runsOf(shape.offsets).map((run) => {
      const [qs, ks, vs] = [q, k, v].map((x) => split(x, run, shape)) as [Tensor4D, Tensor4D, Tensor4D];
      return matMul(softmax(mul(matMul(qs, ks, false, true), shape.width ** -0.5)), vs) as Tensor4D;
    });
    const out = join(outs, shape);
    // The second result is libtorch's alone; the gradient below recomputes the weights instead.
    return [out, slice(out, [0, 0], [1, 1])];
  },
  // libtorch's flash kernel: the scores are never stored; the second result is each row's log of sum of exponentials.
  torch: (aten, { q, k, v }, shape) => {
    const made = runsOf(shape.offsets).map((run) => {
      const [qs, ks, vs] = [q, k, v].map((x) => torchSplit(aten, x, run, shape)) as [Handle, Handle, Handle];
      return aten.many('aten::_scaled_dot_product_flash_attention_for_cpu', [qs, ks, vs]) as [Handle, Handle];
    });
    const logSums = made.map(([, logSum]) => aten.one('aten::reshape', [logSum, [-1]]));
    return [
      torchJoin(
        aten,
        made.map(([out]) => out),
        shape,
      ),
      aten.one('aten::cat', [logSums]),
    ];
  },
  gradient: {
    of: ['q', 'k', 'v'],
    inputs: ['q', 'k', 'v'],
    outputs: true,
    compose: (dy, { q, k, v }, _y, shape) => {
      const scale = shape.width ** -0.5;
      const grads = runsOf(shape.offsets).map((run) => {
        const [qs, ks, vs, dys] = [q, k, v, dy].map((x) => split(x, run, shape)) as Tensor4D[];
        const weights = softmax(mul(matMul(qs!, ks!, false, true), scale));
        const dWeights = matMul(dys!, vs!, false, true);
        const dScores = mul(mul(weights, sub(dWeights, sum(mul(dWeights, weights), -1, true))), scale) as Tensor4D;
        return [matMul(dScores, ks!), matMul(dScores, qs!, true, false), matMul(weights, dys!, true, false)];
      });
      return [0, 1, 2].map((i) => join(grads.map((grad) => grad[i]!) as Tensor4D[], shape));
    },
    torch: (aten, dy, { q, k, v }, [out, logSums], shape) => {
      const grads = runsOf(shape.offsets).map((run) => {
        const [qs, ks, vs, outs, dys] = [q, k, v, out!, dy].map((x) => torchSplit(aten, x, run, shape)) as Handle[];
        const rows = run.count * run.length * shape.heads;
        const flat = aten.one('aten::narrow', [logSums!, 0, run.start * shape.heads, rows]);
        const logSum = aten.one('aten::view', [flat, [run.count, shape.heads, run.length]]);
        return aten.many('aten::_scaled_dot_product_flash_attention_for_cpu_backward', [
          dys,
          qs,
          ks,
          vs,
          outs,
          logSum,
          0,
          false,
        ]);
      });
      return [0, 1, 2].map((i) =>
        torchJoin(
          aten,
          grads.map((grad) => grad[i]!),
          shape,
        ),
      );
    },
  },
});

/**
 * Scaled dot-product attention within each sequence of a packed batch (Vaswani et al. 2017), every token seeing its
 * whole sequence. q, k, v: [tokens, heads · width]; offsets [sequences + 1] say where sequences begin. No padding.
 */
export function attention(q: Tensor2D, k: Tensor2D, v: Tensor2D, heads: number, offsets: Int32Array): Tensor2D {
  return operation({ q, k, v }, { heads, width: (q.shape[1] as number) / heads, offsets }) as Tensor2D;
}
