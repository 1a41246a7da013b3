import { tidy } from '@tensorflow/tfjs-core';
import type { Parameter } from '../tensor/parameter.js';
import { lower } from '../tensor/precision.js';
import { type Encoder, embedPacked, type Side } from './encoder.js';
import { batchesByLength, pack } from './pack.js';

/** Vectors of many texts: row i, `width` numbers long, is that of text i. */
export interface Vectors {
  readonly values: Float32Array;
  readonly width: number;
}

/**
 * Embeds one side's sequences of token ids without recording gradients, longest first, calling `onProgress` with how
 * many are done.
 */
export function encode(
  encoder: Encoder,
  sequences: readonly Int32Array[],
  side: Side,
  onProgress?: (done: number) => void,
): Vectors {
  const width = encoder.architecture.hidden;
  const values = new Float32Array(sequences.length * width);
  let done = 0;
  tidy(() => {
    const stored = storedForReading(encoder);
    for (const batch of batchesByLength(sequences)) {
      const packed = pack(
        batch.map((i) => sequences[i] as Int32Array),
        encoder.skip[side],
      );
      const rows = tidy(() => embedPacked(stored, packed).dataSync());
      batch.forEach((i, row) => {
        values.set(rows.subarray(row * width, (row + 1) * width), i * width);
      });
      done += batch.length;
      onProgress?.(done);
    }
  });
  return { values, width };
}

/** The encoder with its layers' projections stored in its precision, which each batch would do for itself. */
function storedForReading(encoder: Encoder): Encoder {
  if (encoder.precision === 'float32') return encoder;
  const { architecture, parameters, frozen } = encoder;
  const layers = Array.from({ length: architecture.layers }, (_, i) => `${architecture.layerName(i)}.`);
  const isMatrix = ({ name, tensor }: Parameter): boolean =>
    tensor.rank === 2 && layers.some((layer) => name.startsWith(layer));
  const store = (weight: Parameter): Parameter =>
    isMatrix(weight) ? { name: weight.name, tensor: lower(weight.tensor) } : weight;
  return { ...encoder, parameters: parameters.map(store), frozen: frozen.map(store) };
}
