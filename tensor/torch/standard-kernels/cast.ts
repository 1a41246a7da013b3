import type { DataType } from '@tensorflow/tfjs-core';
import type { Handle } from '../addon.js';
import type { Aten } from '../aten.js';
import { scalarTypes } from '../scalar-types.js';

/** PyTorch's number of a tfjs type; throws for those that the backend does not hold (string, complex64). */
export function scalarType(dtype: DataType): number {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return scalarTypes[dtype];
  throw new Error(`The torch backend holds float32, int32 and bool, not ${dtype}.`);
}

/** x converted, and contiguous in memory whatever its strides were. */
export function cast(aten: Aten, x: Handle, dtype: DataType): Handle {
  return aten.one('aten::_to_copy', [x], { dtype: scalarType(dtype) });
}
