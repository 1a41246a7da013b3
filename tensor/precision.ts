import { clone, type Tensor } from '@tensorflow/tfjs-core';
import { defineOperation, type Operation } from './operation.js';
import { scalarTypes } from './torch/scalar-types.js';

// bfloat16 is how the torch backend stores a tensor and multiplies it; to tfjs it is float32 all the same. Activations
// in bfloat16 stay so from operation to operation, and their gradients with them; weights, their gradients, sums and
// statistics are float32.

/** The gradient is stored as x was. */
const gradient: Operation<'x', object>['gradient'] = {
  of: ['x'],
  inputs: ['x'],
  outputs: false,
  compose: (dy) => [clone(dy)],
  torch: (aten, dy, { x }) => [aten.one('aten::to.dtype', [dy, aten.addon.scalarType(x)])],
};

const stored = defineOperation<'x', { dtype: number }>({
  name: 'Stored',
  compose: ({ x }) => [clone(x)],
  torch: (aten, { x }, { dtype }) => [aten.one('aten::to.dtype', [x, dtype])],
  gradient,
});

const likeAnother = defineOperation<'x' | 'like', object>({
  name: 'StoredAs',
  compose: ({ x }) => [clone(x)],
  torch: (aten, { x, like }) => [aten.one('aten::to.dtype', [x, aten.addon.scalarType(like)])],
  gradient,
});

/** x stored in bfloat16, as are results made of it, until `raise`. Does nothing where it is, or the backend has none. */
export function lower<T extends Tensor>(x: T): T {
  return stored({ x }, { dtype: scalarTypes.bfloat16 }) as T;
}

/** x stored in float32. */
export function raise<T extends Tensor>(x: T): T {
  return stored({ x }, { dtype: scalarTypes.float32 }) as T;
}

/** x stored as `like` is: for a composition that went through float32 on its way. */
export function storedAs<T extends Tensor>(x: T, like: Tensor): T {
  return likeAnother({ x, like }, {}) as T;
}
