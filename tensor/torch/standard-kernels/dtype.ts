import type { DataType } from '@tensorflow/tfjs-core';
import type { Handle } from '../addon.js';
import type { Aten } from '../aten.js';

/** PyTorch's numbers for its scalar types, by the tfjs type that they stand for. */
export const scalarTypes = { float32: 6, int32: 3, bool: 11 } as const;

/** The number of a tfjs type; throws for those that the backend does not hold (string, complex64). */
export function scalarType(dtype: DataType): number {
  if (dtype in scalarTypes) return scalarTypes[dtype as keyof typeof scalarTypes];
  throw new Error(`The torch backend holds float32, int32 and bool, not ${dtype}.`);
}

/** x converted, and contiguous in memory whatever its strides were. */
export function cast(aten: Aten, x: Handle, dtype: DataType): Handle {
  return aten.one('aten::_to_copy', [x], { dtype: scalarType(dtype) });
}
