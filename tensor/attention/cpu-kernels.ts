import { type Run, runsOf } from '../runs.js';
import type { Handle } from '../torch/addon.js';
import type { Aten } from '../torch/aten.js';
import { type AttentionShape, distances, isPlainCausal, maskOf, seesAll } from './shape.js';

// libtorch's flash kernel for the CPU, run by run: the scores are never stored; its second result is each row's log of
// the sum of exponentials, which its gradient reads.

interface Inputs {
  readonly q: Handle;
  readonly k: Handle;
  readonly v: Handle;
  readonly bias?: Handle;
}

/** A run's rows of x [tokens, heads · width] as [count, heads, length, width]. */
function split(aten: Aten, x: Handle, { start, count, length }: Run, heads: number, width: number): Handle {
  const rows = aten.one('aten::narrow', [x, 0, start, count * length]);
  return aten.one('aten::transpose.int', [aten.one('aten::view', [rows, [count, length, heads, width]]), 1, 2]);
}

/** The inverse of `split`, over all runs. */
function join(aten: Aten, parts: readonly Handle[], heads: number, width: number): Handle {
  const rows = parts.map((part) =>
    aten.one('aten::reshape', [aten.one('aten::transpose.int', [part, 1, 2]), [-1, heads * width]]),
  );
  return aten.one('aten::cat', [rows]);
}

/** Each of k's or v's heads as often as there are query heads that it serves: the kernel wants as many. */
function repeatHeads(aten: Aten, x: Handle, { heads, kvHeads }: AttentionShape): Handle {
  return heads === kvHeads ? x : aten.one('aten::repeat_interleave.self_int', [x, heads / kvHeads, 1]);
}

/** Sums what `repeatHeads` repeated. */
function sumHeads(aten: Aten, x: Handle, { heads, kvHeads }: AttentionShape): Handle {
  if (heads === kvHeads) return x;
  return aten.one('aten::sum.dim_IntList', [aten.one('aten::unflatten.int', [x, 1, [kvHeads, heads / kvHeads]]), [2]]);
}

/** What the kernel adds to the scores: null where it has nothing to add or knows causality by itself. */
function maskFor(aten: Aten, bias: Handle | undefined, { length }: Run, shape: AttentionShape): Handle | null {
  const limits = (): Handle => aten.from(maskOf(shape, length), [length, length]);
  if (!bias) return seesAll(shape, length) || isPlainCausal(shape, length) ? null : limits();
  const added = byPair(aten, bias, length, shape);
  return seesAll(shape, length) ? added : aten.one('aten::add.Tensor', [added, limits()]);
}

/** A bias by distance [2 · reach + 1, heads] as [1, heads, length, length]. */
function byPair(aten: Aten, bias: Handle, length: number, { heads }: AttentionShape): Handle {
  const reach = ((aten.addon.shape(bias)[0] as number) - 1) / 2;
  const index = aten.from(distances(length, reach), [length * length]);
  const rows = aten.one('aten::t', [aten.one('aten::index_select', [bias, 0, index])]);
  return aten.one('aten::reshape', [rows, [1, heads, length, length]]);
}

export function torchAttention(aten: Aten, { q, k, v, bias }: Inputs, shape: AttentionShape): Handle[] {
  const { heads, kvHeads, width } = shape;
  const made = runsOf(shape.offsets).map((run) => {
    const qs = split(aten, q, run, heads, width);
    const [ks, vs] = [k, v].map((x) => repeatHeads(aten, split(aten, x, run, kvHeads, width), shape));
    const mask = maskFor(aten, bias, run, shape);
    const causal = mask === null && isPlainCausal(shape, run.length);
    const named = { attn_mask: mask };
    return aten.many('aten::_scaled_dot_product_flash_attention_for_cpu', [qs, ks!, vs!, 0, causal], named);
  });
  const outs = made.map(([out]) => out as Handle);
  const logSums = made.map(([, logSum]) => aten.one('aten::reshape', [logSum!, [-1]]));
  return [join(aten, outs, heads, width), aten.one('aten::cat', [logSums])];
}

/** A run's q, k, v, result and upstream gradient, split, and its rows' logs of sums [count, heads, length]. */
function splitAll(
  aten: Aten,
  dy: Handle,
  { q, k, v }: Inputs,
  [out, logSums]: readonly Handle[],
  run: Run,
  shape: AttentionShape,
): { q: Handle; k: Handle; v: Handle; out: Handle; dy: Handle; logSum: Handle } {
  const { heads, kvHeads, width } = shape;
  const flat = aten.one('aten::narrow', [logSums!, 0, run.start * heads, run.count * run.length * heads]);
  return {
    q: split(aten, q, run, heads, width),
    k: repeatHeads(aten, split(aten, k, run, kvHeads, width), shape),
    v: repeatHeads(aten, split(aten, v, run, kvHeads, width), shape),
    out: split(aten, out!, run, heads, width),
    dy: split(aten, dy, run, heads, width),
    logSum: aten.one('aten::view', [flat, [run.count, heads, run.length]]),
  };
}

function joinAll(aten: Aten, grads: readonly (readonly Handle[])[], shape: AttentionShape): Handle[] {
  const { heads, kvHeads, width } = shape;
  const [dq, dk, dv] = [0, 1, 2].map((i) => grads.map((grad) => grad[i] as Handle)) as [Handle[], Handle[], Handle[]];
  const summed = (parts: Handle[]): Handle[] => parts.map((part) => sumHeads(aten, part, shape));
  return [join(aten, dq, heads, width), ...[dk, dv].map((parts) => join(aten, summed(parts), kvHeads, width))];
}

export function torchGradient(
  aten: Aten,
  dy: Handle,
  x: Inputs,
  y: readonly Handle[],
  shape: AttentionShape,
): Handle[] {
  const grads = runsOf(shape.offsets).map((run) => {
    const part = splitAll(aten, dy, x, y, run, shape);
    const mask = maskFor(aten, undefined, run, shape);
    const causal = mask === null && isPlainCausal(shape, run.length);
    return aten.many(
      'aten::_scaled_dot_product_flash_attention_for_cpu_backward',
      [part.dy, part.q, part.k, part.v, part.out, part.logSum, 0, causal],
      { attn_mask: mask },
    );
  });
  return joinAll(aten, grads, shape);
}

/** The kernel's gradient leaves out the mask's, so here the weights are made anew from the logs of sums. */
export function torchBiasedGradient(
  aten: Aten,
  dy: Handle,
  x: Inputs & { readonly bias: Handle },
  y: readonly Handle[],
  shape: AttentionShape,
): Handle[] {
  const scale = shape.width ** -0.5;
  const bias = aten.one('aten::zeros_like', [x.bias]);
  const reach = ((aten.addon.shape(bias)[0] as number) - 1) / 2;
  const times = (a: Handle, b: Handle): Handle => aten.one('aten::matmul', [a, b]);
  const flip = (a: Handle): Handle => aten.one('aten::transpose.int', [a, -2, -1]);
  // Whatever q is stored in, all of this is done in the bias's float32.
  const wide = { q: aten.as(x.q, bias), k: aten.as(x.k, bias), v: aten.as(x.v, bias) };
  const wideOut = aten.as(y[0]!, bias);
  const wideUpstream = aten.as(dy, bias);
  const grads = runsOf(shape.offsets).map((run) => {
    const part = splitAll(aten, wideUpstream, wide, [wideOut, y[1]!], run, shape);
    const raw = aten.one('aten::mul.Scalar', [times(part.q, flip(part.k)), scale]);
    const scores = aten.one('aten::add.Tensor', [raw, maskFor(aten, x.bias, run, shape) as Handle]);
    const weights = aten.one('aten::exp', [
      aten.one('aten::sub.Tensor', [scores, aten.one('aten::unsqueeze', [part.logSum, -1])]),
    ]);
    const along = aten.one('aten::sum.dim_IntList', [aten.one('aten::mul.Tensor', [part.dy, part.out]), [-1], true]);
    const dWeights = aten.one('aten::sub.Tensor', [times(part.dy, flip(part.v)), along]);
    const dScores = aten.one('aten::mul.Tensor', [weights, dWeights]);
    const summed = aten.one('aten::reshape', [aten.one('aten::sum.dim_IntList', [dScores, [0]]), [shape.heads, -1]]);
    const index = aten.from(distances(run.length, reach), [run.length * run.length]);
    aten.one('aten::index_add_', [bias, 0, index, aten.one('aten::t', [summed])]);
    const scaled = aten.one('aten::mul.Scalar', [dScores, scale]);
    return [times(scaled, part.k), times(flip(scaled), part.q), times(flip(weights), part.dy)];
  });
  return [...joinAll(aten, grads, shape).map((grad) => aten.as(grad, x.q)), bias];
}
