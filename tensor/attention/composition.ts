import {
  add,
  concat,
  gather,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor1d,
  tensor2d,
  tile,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import { raise, storedAs } from '../precision.js';
import { type Run, runsOf } from '../runs.js';
import { type AttentionShape, distances, maskOf, seesAll } from './shape.js';

// Attention in plain tfjs calls, run by run, the scores in memory: for backends without kernels of their own, and on
// CUDA for what its kernels do not serve. All of it is float32, whatever q, k and v are stored in.

interface Inputs {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly bias?: Tensor;
}

/** A run's rows of x [tokens, heads · width] as [count, heads, length, width]. */
function split(x: Tensor, { start, count, length }: Run, heads: number, width: number): Tensor4D {
  const rows = slice(x as Tensor2D, [start, 0], [count * length, -1]);
  return transpose(reshape(rows, [count, length, heads, width]), [0, 2, 1, 3]) as Tensor4D;
}

/** The inverse of `split`, over all runs. */
function join(parts: Tensor4D[], heads: number, width: number): Tensor2D {
  return concat(parts.map((part) => reshape(transpose(part, [0, 2, 1, 3]), [-1, heads * width]) as Tensor2D));
}

/** Each of k's or v's heads as often as there are query heads that it serves. */
function repeatHeads(x: Tensor4D, { heads, kvHeads }: AttentionShape): Tensor4D {
  if (heads === kvHeads) return x;
  const [count, , length, width] = x.shape;
  const grouped = tile(reshape(x, [count * kvHeads, 1, length * width]), [1, heads / kvHeads, 1]);
  return reshape(grouped, [count, heads, length, width]);
}

/** Sums what `repeatHeads` repeated. */
function sumHeads(x: Tensor4D, { heads, kvHeads }: AttentionShape): Tensor4D {
  if (heads === kvHeads) return x;
  const [count, , length, width] = x.shape;
  const grouped = reshape(x, [count * kvHeads, heads / kvHeads, length * width]);
  return reshape(sum(grouped, 1), [count, kvHeads, length, width]);
}

function weightsOf(q: Tensor4D, k: Tensor4D, bias: Tensor | undefined, run: Run, shape: AttentionShape): Tensor4D {
  const { length } = run;
  let scores: Tensor = mul(matMul(q, k, false, true), shape.width ** -0.5);
  if (bias) scores = add(scores, byPair(bias as Tensor2D, length));
  if (!seesAll(shape, length)) scores = add(scores, tensor2d(maskOf(shape, length), [length, length]));
  return softmax(scores) as Tensor4D;
}

/** A bias by distance [2 · reach + 1, heads] as [heads, length, length]. */
function byPair(bias: Tensor2D, length: number): Tensor3D {
  const rows = gather(bias, tensor1d(distances(length, (bias.shape[0] - 1) / 2), 'int32'));
  return reshape(transpose(rows), [-1, length, length]);
}

/** The value, and a stand-in for what libtorch's kernel hands on: the gradient below computes the weights anew. */
export function composeAttention({ q, k, v, bias }: Inputs, shape: AttentionShape): Tensor[] {
  const { heads, kvHeads, width } = shape;
  const outs = runsOf(shape.offsets).map((run) => {
    const qs = split(raise(q), run, heads, width);
    const [ks, vs] = [k, v].map((x) => repeatHeads(split(raise(x), run, kvHeads, width), shape)) as [
      Tensor4D,
      Tensor4D,
    ];
    return matMul(weightsOf(qs, ks, bias, run, shape), vs) as Tensor4D;
  });
  const out = storedAs(join(outs, heads, width), q);
  return [out, slice(out, [0, 0], [1, 1])];
}

/** Gradients of q, k and v, and each run's gradient of its scores with the bias added [count, heads, length, length]. */
export function composeGradient(
  dy: Tensor,
  { q, k, v, bias }: Inputs,
  shape: AttentionShape,
): { qkv: Tensor2D[]; scores: Tensor4D[] } {
  const { heads, kvHeads, width } = shape;
  const grads = runsOf(shape.offsets).map((run) => {
    const [qs, dys] = [q, dy].map((x) => split(raise(x), run, heads, width)) as [Tensor4D, Tensor4D];
    const [ks, vs] = [k, v].map((x) => repeatHeads(split(raise(x), run, kvHeads, width), shape)) as [
      Tensor4D,
      Tensor4D,
    ];
    const weights = weightsOf(qs, ks, bias, run, shape);
    const dWeights = matMul(dys, vs, false, true);
    const scores = mul(weights, sub(dWeights, sum(mul(dWeights, weights), -1, true))) as Tensor4D;
    const scaled = mul(scores, width ** -0.5) as Tensor4D;
    const dk = sumHeads(matMul(scaled, qs, true, false) as Tensor4D, shape);
    const dv = sumHeads(matMul(weights, dys, true, false) as Tensor4D, shape);
    return { scores, dq: matMul(scaled, ks) as Tensor4D, dk, dv };
  });
  const joined = (name: 'dq' | 'dk' | 'dv', count: number): Tensor2D => {
    const parts = grads.map((grad) => grad[name]);
    return storedAs(join(parts, count, width), q);
  };
  const qkv = [joined('dq', heads), joined('dk', kvHeads), joined('dv', kvHeads)];
  return { qkv, scores: grads.map(({ scores }) => scores) };
}

/** The gradient of a bias by distance [rows, heads]: sums along the diagonals of the scores' gradients. */
export function composeBiasGradient(scores: readonly Tensor4D[], rows: number): Tensor2D {
  const sums = scores.map((part) => {
    const [, heads, length] = part.shape;
    const summed = sum(part, 0) as Tensor3D;
    // Rows in reverse, each padded to twice its length and read as rows one shorter: a diagonal becomes a column.
    const reversed = gather(
      summed,
      tensor1d(
        Int32Array.from({ length }, (_, i) => length - 1 - i),
        'int32',
      ),
      1,
    );
    const padded = reshape(concat([reversed, zeros([heads, length, length])], 2), [heads, 2 * length * length]);
    const skewed = reshape(slice(padded, [0, 0], [-1, length * (2 * length - 1)]), [heads, length, 2 * length - 1]);
    const beyond = zeros([(rows - (2 * length - 1)) / 2, heads]) as Tensor2D;
    return concat([beyond, transpose(sum(skewed, 1)) as Tensor2D, beyond]);
  });
  return sums.reduce((a, b) => add(a, b));
}
