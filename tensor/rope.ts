import {
  add,
  concat,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';
import { storedAs } from './precision.js';

interface Attributes {
  readonly width: number;
}

/** Each head's pairs (i, i + width / 2) turned by their angles; backwards with `turn` -1. */
function rotate(x: Tensor, cos: Tensor, sin: Tensor, { width }: Attributes, turn: 1 | -1): Tensor {
  const [tokens, columns] = x.shape as [number, number];
  const half = width / 2;
  const heads = reshape(x, [tokens, columns / width, width]) as Tensor3D;
  const [c, s] = [cos, turn === 1 ? sin : mul(sin, -1)].map((angles) => reshape(angles, [tokens, 1, half])) as [
    Tensor3D,
    Tensor3D,
  ];
  const a = slice(heads, [0, 0, 0], [-1, -1, half]);
  const b = slice(heads, [0, 0, half], [-1, -1, half]);
  return reshape(concat([sub(mul(a, c), mul(b, s)), add(mul(b, c), mul(a, s))], 2), [tokens, columns]);
}

const operation = defineOperation<'x' | 'cos' | 'sin', Attributes>({
  name: 'Rope',
  compose: ({ x, cos, sin }, attrs) => [storedAs(rotate(x, cos, sin, attrs, 1), x)],
  gradient: {
    of: ['x'],
    inputs: ['cos', 'sin'],
    outputs: false,
    // A rotation's transpose is the rotation back.
    compose: (dy, { cos, sin }, _y, attrs) => [storedAs(rotate(dy, cos, sin, attrs, -1), dy)],
  },
});

/**
 * Rotary position embedding (Su et al. 2021) of queries or keys x [tokens, heads · width], in the layout of GPT-NeoX and
 * the hub's llamas: number i of a head is paired with i + width / 2. cos and sin of the angles: [tokens, width / 2].
 */
export function rope(x: Tensor2D, cos: Tensor2D, sin: Tensor2D): Tensor2D {
  return operation({ x, cos, sin }, { width: 2 * cos.shape[1] }) as Tensor2D;
}
