import { engine } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { hash32 } from '../../data/permutation.js';
import { torchAttention, torchGradient } from '../../tensor/attention/cpu-kernels.js';
import { packedAttention, packedGradient } from '../../tensor/attention/packed-kernels.js';
import type { AttentionShape } from '../../tensor/attention/shape.js';
import { useBackend } from '../../tensor/backend.js';
import type { Handle } from '../../tensor/torch/addon.js';
import { Aten } from '../../tensor/torch/aten.js';
import type { TorchBackend } from '../../tensor/torch/backend.js';

// Lengths around the kernels' tiles: one token, a block and one more, and several blocks.
const lengths = [1, 12, 13, 48, 49, 130, 2];
const offsets = Int32Array.from([0, ...lengths].map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0)));
const tokens = offsets.at(-1) as number;

const shapes: Record<string, Omit<AttentionShape, 'offsets'>> = {
  'to all': { heads: 3, kvHeads: 3, width: 32, causal: false, window: [-1, -1] },
  'causal, grouped queries': { heads: 4, kvHeads: 2, width: 16, causal: true, window: [-1, -1] },
  'a window': { heads: 2, kvHeads: 2, width: 64, causal: false, window: [10, 3] },
  'causal in a window, one head of keys': { heads: 2, kvHeads: 1, width: 128, causal: true, window: [20, -1] },
};

function random(seed: number, size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => hash32(seed, i) / 2 ** 31 - 1);
}

/** The result and the three gradients of both kinds of kernels, from the same numbers. */
function both(shape: AttentionShape, bfloat16: boolean): { ours: Float32Array[]; libtorch: Float32Array[] } {
  const { addon, device } = engine().backend as TorchBackend;
  const aten = new Aten(addon, device);
  const rows = (seed: number, heads: number): Handle => {
    const made = aten.from(random(seed, tokens * heads * shape.width), [tokens, heads * shape.width]);
    return bfloat16 ? aten.one('aten::_to_copy', [made], { dtype: 15 }) : made;
  };
  const x = { q: rows(1, shape.heads), k: rows(2, shape.kvHeads), v: rows(3, shape.kvHeads) };
  const dy = rows(4, shape.heads);
  // libtorch's backward for bfloat16 rounds at other places: float32 of the same numbers is the truth for both.
  const exact = (handle: Handle): Handle => aten.one('aten::_to_copy', [handle], { dtype: 6 });
  const wide = { q: exact(x.q), k: exact(x.k), v: exact(x.v) };
  try {
    const y = packedAttention(aten, x, shape);
    const theirs = torchAttention(aten, wide, shape);
    return {
      ours: [y[0]!, ...packedGradient(aten, dy, x, y, shape)].map((h) => addon.toArray(h) as Float32Array),
      libtorch: [theirs[0]!, ...torchGradient(aten, exact(dy), wide, theirs, shape)].map(
        (h) => addon.toArray(h) as Float32Array,
      ),
    };
  } finally {
    aten.close();
  }
}

/** The length of the difference over the length of what is expected. */
function distance(made: Float32Array, expected: Float32Array): number {
  const length = (of: (i: number) => number): number => Math.hypot(...Array.from(made, (_, i) => of(i)));
  return length((i) => made[i]! - expected[i]!) / length((i) => expected[i]!);
}

describe('our attention kernels give what libtorch does', () => {
  beforeAll(() => useBackend('torch'));

  it.each(Object.entries(shapes))('%s', (_, given) => {
    const { ours, libtorch } = both({ ...given, offsets }, false);
    ours.forEach((made, i) => {
      expect(distance(made, libtorch[i]!)).toBeLessThan(1e-6);
    });
  });

  it.each(Object.entries(shapes))('in bfloat16: %s', (_, given) => {
    const { ours, libtorch } = both({ ...given, offsets }, true);
    ours.forEach((made, i) => {
      expect(distance(made, libtorch[i]!)).toBeLessThan(5e-3);
    });
  });

  it('passes over an empty sequence', () => {
    const { addon, device } = engine().backend as TorchBackend;
    const aten = new Aten(addon, device);
    const x = aten.from(random(5, 5 * 32), [5, 32]);
    const run = (offsets: number[]): unknown => {
      const places = aten.from(Int32Array.from(offsets), [offsets.length]);
      return addon.toArray(aten.many('reasontune::attention', [x, x, x, places, 1, 1, -1, -1])[0]!);
    };
    expect(run([0, 0, 2, 2, 5, 5])).toEqual(run([0, 2, 5]));
    aten.close();
  });

  it('refuses what it cannot read', () => {
    const { addon, device } = engine().backend as TorchBackend;
    const aten = new Aten(addon, device);
    const rows = (columns: number): Handle => aten.from(new Float32Array(4 * columns), [4, columns]);
    const call = (offsets: number[], q = rows(32), k = rows(32)) =>
      aten.many('reasontune::attention', [
        q,
        k,
        k,
        aten.from(Int32Array.from(offsets), [offsets.length]),
        1,
        1,
        -1,
        -1,
      ]);
    expect(() => call([0, 5])).toThrow('Expected offsets that rise from 0 to the 4 tokens');
    expect(() => call([0, 3, 2, 4])).toThrow('Expected offsets that rise');
    expect(() => call([])).toThrow('Expected offsets as a list of int32');
    expect(() => call([0, 4], rows(24), rows(24))).toThrow("Expected a head's width to be a multiple of");
    expect(() => call([0, 4], rows(32), rows(64))).toThrow('Expected k of 4 rows and 32 columns');
    aten.close();
  });
});
