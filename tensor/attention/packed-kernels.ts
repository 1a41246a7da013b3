import type { Handle } from '../torch/addon.js';
import type { Aten } from '../torch/aten.js';
import { type AttentionShape, sight } from './shape.js';

// Our own kernels for the CPU (native/kernels/attention.h): they read packed rows where they lie, whatever the
// sequences' lengths, and take half the time of libtorch's in float32 and a quarter in bfloat16.

/** Whether our kernels serve: a head's width has to fill whole vector registers. */
export function servesPacked(aten: Aten, { width }: AttentionShape): boolean {
  return width % aten.addon.lanes === 0;
}

function named(aten: Aten, shape: AttentionShape): Record<string, Handle | number> {
  const { heads, kvHeads, offsets } = shape;
  const [left, right] = sight(shape);
  return { offsets: aten.from(offsets, [offsets.length]), heads, kv_heads: kvHeads, left, right };
}

/** The result, and each row's log of the sum of exponentials [heads, tokens]. */
export function packedAttention(
  aten: Aten,
  { q, k, v }: { readonly q: Handle; readonly k: Handle; readonly v: Handle },
  shape: AttentionShape,
): Handle[] {
  return aten.many('reasontune::attention', [q, k, v], named(aten, shape));
}

export function packedGradient(
  aten: Aten,
  dy: Handle,
  { q, k, v }: { readonly q: Handle; readonly k: Handle; readonly v: Handle },
  [out, logSums]: readonly Handle[],
  shape: AttentionShape,
): Handle[] {
  return aten.many('reasontune::attention_gradient', [dy, q, k, v, out, logSums], named(aten, shape));
}
