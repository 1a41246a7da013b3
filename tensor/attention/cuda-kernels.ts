import { longestOf } from '../runs.js';
import type { Handle } from '../torch/addon.js';
import type { Aten } from '../torch/aten.js';
import { scalarTypes } from '../torch/scalar-types.js';
import { type AttentionShape, isPlainCausal, seesAll } from './shape.js';

type Qkv = Readonly<Record<'q' | 'k' | 'v', Handle>>;

/** What the backward kernels want beside the inputs: the result, and each row's log of the sum of exponentials. */
type Made = [out: Handle, logSums: Handle];

/**
 * Attention on CUDA: Dao's flash kernel (2023) for bfloat16, the memory-efficient one (Rabe & Staats 2021, as CUTLASS
 * has it) for float32. Both take sequences by their offsets: one launch, no padding, no scores in memory. Returns null
 * where neither serves (a window in float32, heads whose width they do not know), and the composition is run.
 */
export function cudaAttention(aten: Aten, qkv: Qkv, shape: AttentionShape): Made | null {
  return kernelFor(aten, qkv.q, shape)?.forward(aten, qkv, shape) ?? null;
}

/** Gradients of q, k and v, for what `cudaAttention` made; null exactly where that gave null. */
export function cudaGradient(
  aten: Aten,
  dy: Handle,
  qkv: Qkv,
  made: readonly Handle[],
  shape: AttentionShape,
): Handle[] | null {
  return kernelFor(aten, qkv.q, shape)?.backward(aten, dy, qkv, made as Made, shape) ?? null;
}

interface Kernel {
  forward(aten: Aten, qkv: Qkv, shape: AttentionShape): Made;
  backward(aten: Aten, dy: Handle, qkv: Qkv, made: Made, shape: AttentionShape): Handle[];
}

function kernelFor(aten: Aten, q: Handle, shape: AttentionShape): Kernel | null {
  const { width } = shape;
  switch (aten.addon.scalarType(q)) {
    case scalarTypes.bfloat16:
      return width % 8 === 0 && width <= 256 ? flash : null;
    case scalarTypes.float32:
      return width % 4 === 0 && withoutWindow(shape) ? efficient : null;
    default:
      return null;
  }
}

/** No window, or one that no sequence is long enough to notice. */
function withoutWindow(shape: AttentionShape): boolean {
  const longest = longestOf(shape.offsets);
  return seesAll(shape, longest) || isPlainCausal(shape, longest);
}

// aten::_flash_attention_*: [tokens, heads, width], grouped heads as they are. Its arguments kept their places from
// torch 2.4 to 2.15, while the random state's were renamed in 2.7 and options were added in 2.12: what drifts is given by
// place, the windows by name.
const flash: Kernel = {
  forward: (aten, qkv, shape) => {
    const [q, k, v] = heads(aten, qkv, shape);
    const { offsets, longest } = sequences(aten, shape);
    const [out, logSums] = aten.many(
      'aten::_flash_attention_forward',
      [q, k, v, offsets, offsets, longest, longest, 0, shape.causal, false],
      windows(shape),
    );
    return [flat(aten, out!, shape.heads * shape.width), logSums!];
  },
  backward: (aten, dy, qkv, [out, logSums], shape) => {
    const [q, k, v] = heads(aten, qkv, shape);
    const { offsets, longest } = sequences(aten, shape);
    const [dys, outs] = [aten.as(dy, qkv.q), out].map((x) => split(aten, x, shape.heads, shape.width));
    const grads = aten.many(
      'aten::_flash_attention_backward',
      [dys!, q, k, v, outs!, logSums, offsets, offsets, longest, longest, 0, shape.causal, ...noDropout(aten)],
      windows(shape),
    );
    const kvWidth = shape.kvHeads * shape.width;
    return [shape.heads * shape.width, kvWidth, kvWidth].map((width, i) => flat(aten, grads[i]!, width));
  },
};

function windows({ causal, window: [left, right] }: AttentionShape): Record<string, number> {
  return { window_size_left: left, window_size_right: causal ? 0 : right };
}

// aten::_efficient_attention_*: offsets are taken for a batch of one, [1, tokens, heads, width], and every query head
// needs a key head of its own.
const efficient: Kernel = {
  forward: (aten, qkv, shape) => {
    const [q, k, v] = ungrouped(aten, qkv, shape);
    const { offsets, longest } = sequences(aten, shape);
    const bias = null;
    const [out, logSums] = aten.many('aten::_efficient_attention_forward', [
      ...[q, k, v, bias, offsets, offsets, longest, longest, 0, mask(shape)],
      true,
    ]);
    return [flat(aten, out!, shape.heads * shape.width), logSums!];
  },
  backward: (aten, dy, qkv, [out, logSums], shape) => {
    const [q, k, v] = ungrouped(aten, qkv, shape);
    const { offsets, longest } = sequences(aten, shape);
    const [dys, outs] = [aten.as(dy, qkv.q), out].map((x) =>
      batchOfOne(aten, split(aten, x, shape.heads, shape.width)),
    );
    const bias = null;
    const [dq, dk, dv] = aten.many('aten::_efficient_attention_backward', [
      ...[dys!, q, k, v, bias, outs!, offsets, offsets, longest, longest, logSums, 0],
      ...[...noDropout(aten), mask(shape), false],
    ]);
    return [flat(aten, dq!, shape.heads * shape.width), summed(aten, dk!, shape), summed(aten, dv!, shape)];
  },
};

/** The kernel's number for what a token may see: 0 all of its sequence, 1 nothing later. */
function mask({ causal }: AttentionShape): number {
  return causal ? 1 : 0;
}

/** Offsets on the device, and the longest sequence's length. */
function sequences(aten: Aten, shape: AttentionShape): { offsets: Handle; longest: number } {
  return { offsets: aten.from(shape.offsets, [shape.offsets.length]), longest: longestOf(shape.offsets) };
}

/** [tokens, heads · width] → [tokens, heads, width], a view. */
function split(aten: Aten, x: Handle, count: number, width: number): Handle {
  return aten.one('aten::view', [x, [-1, count, width]]);
}

/** Back to [tokens, columns], whether or not a batch of one stands before. */
function flat(aten: Aten, x: Handle, columns: number): Handle {
  return aten.one('aten::reshape', [x, [-1, columns]]);
}

function heads(aten: Aten, { q, k, v }: Qkv, shape: AttentionShape): [Handle, Handle, Handle] {
  const split3 = (x: Handle, count: number): Handle => split(aten, x, count, shape.width);
  return [split3(q, shape.heads), split3(k, shape.kvHeads), split3(v, shape.kvHeads)];
}

function ungrouped(aten: Aten, qkv: Qkv, shape: AttentionShape): [Handle, Handle, Handle] {
  const [q, k, v] = heads(aten, qkv, shape);
  const group = shape.heads / shape.kvHeads;
  const repeat = (x: Handle): Handle => (group === 1 ? x : aten.one('aten::repeat_interleave.self_int', [x, group, 1]));
  return [batchOfOne(aten, q), batchOfOne(aten, repeat(k)), batchOfOne(aten, repeat(v))];
}

/** A key head's gradient is the sum over the query heads that read it: the inverse of `ungrouped`, flattened. */
function summed(aten: Aten, grad: Handle, shape: AttentionShape): Handle {
  const columns = shape.kvHeads * shape.width;
  const group = shape.heads / shape.kvHeads;
  if (group === 1) return flat(aten, grad, columns);
  const grouped = aten.one('aten::reshape', [grad, [-1, shape.kvHeads, group, shape.width]]);
  return flat(aten, aten.one('aten::sum.dim_IntList', [grouped, [2]]), columns);
}

function batchOfOne(aten: Aten, x: Handle): Handle {
  return aten.one('aten::unsqueeze', [x, 0]);
}

/** The two places for the random state of dropout. It is read only where there is dropout, of which we have none here. */
function noDropout(aten: Aten): [Handle, Handle] {
  const state = aten.one('aten::empty.memory_format', [[2]], { dtype: scalarTypes.int64, device: aten.device });
  return [state, state];
}
