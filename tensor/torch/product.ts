import type { Handle } from './addon.js';
import type { Aten } from './aten.js';
import { scalarTypes } from './scalar-types.js';

// libtorch gives float32 products on the CPU to MKL, which takes its AVX2 path on AMD; oneDNN, in the same libtorch, is
// faster by a half there, and as fast on Intel. A layer's projections are ours (native/kernels) where they can be: faster
// than either, and with what follows them in the same pass (docs/performance.md).
const oneDnn = 'mkldnn::_linear_pointwise';

// Below this many multiplications oneDNN's preparation costs more than the product.
const worthwhile = 1 << 20;

/** x [rows, inner] · weightᵀ + bias, where weight is [columns, inner]: a layer's projection of the rows that it reads. */
export function projection(aten: Aten, x: Handle, weight: Handle, bias: Handle | null): Handle {
  return servesOurs(aten, x, weight)
    ? aten.one('reasontune::linear', [x, weight, bias, false])
    : product(aten, x, weight, bias && aten.as(bias, x));
}

/** The GELU of `projection`, without a pass of its own where that can be: for where its input need not be kept. */
export function projectionGelu(aten: Aten, x: Handle, weight: Handle, bias: Handle): Handle {
  if (servesOurs(aten, x, weight)) return aten.one('reasontune::linear', [x, weight, bias, true]);
  return aten.device === 'cpu' && isLarge(aten, x, weight) && hasOneDnn(aten.addon)
    ? aten.one(oneDnn, [x, weight, aten.as(bias, x), 'gelu', [], 'none'])
    : aten.one('aten::gelu', [product(aten, x, weight, aten.as(bias, x))]);
}

/** a [rows, inner] · bᵀ [inner, columns] + bias [columns], where b is [columns, inner]: views will do. One type for all. */
export function product(aten: Aten, a: Handle, b: Handle, bias: Handle | null = null): Handle {
  return servesOneDnn(aten, a, b)
    ? aten.one(oneDnn, [a, b, bias, 'none', [], ''])
    : aten.one('aten::linear', [a, b, bias]);
}

export function turned(aten: Aten, x: Handle): Handle {
  return aten.one('aten::t', [x]);
}

/** gradientᵀ · x, in float32 where our kernel does it: a projection's weight's gradient of what it read and what came of that. */
export function weightGradient(aten: Aten, gradient: Handle, x: Handle): Handle {
  const { addon } = aten;
  const isOurs = servesRows(aten, x) && [gradient, x].every((of) => addon.shape(of)[1]! % addon.lanes === 0);
  return isOurs
    ? aten.one('reasontune::weight_gradient', [gradient, x])
    : product(aten, turned(aten, gradient), turned(aten, x));
}

/** Whether our kernels take the projection: on the CPU, of whole vector registers. */
export function servesOurs(aten: Aten, x: Handle, weight: Handle): boolean {
  return servesRows(aten, x) && aten.addon.shape(weight).every((size) => size % aten.addon.lanes === 0);
}

// float32 where a register holds 8 or more: with fewer, nobody has compared ours with what is there.
function servesRows({ addon, device }: Aten, x: Handle): boolean {
  if (device !== 'cpu') return false;
  const type = addon.scalarType(x);
  return type === scalarTypes.bfloat16 ? addon.pairs : type === scalarTypes.float32 && addon.lanes >= 8;
}

function servesOneDnn(aten: Aten, a: Handle, b: Handle): boolean {
  const isFloat32 = aten.addon.scalarType(a) === scalarTypes.float32;
  return isFloat32 && aten.device === 'cpu' && isLarge(aten, a, b) && hasOneDnn(aten.addon);
}

function isLarge({ addon }: Aten, a: Handle, b: Handle): boolean {
  const [rows, inner] = addon.shape(a) as [number, number];
  const [columns] = addon.shape(b) as [number];
  return rows * inner * columns >= worthwhile;
}

const known = new WeakMap<Aten['addon'], boolean>();

function hasOneDnn(addon: Aten['addon']): boolean {
  const has = known.get(addon) ?? addon.describe(oneDnn)?.cpu ?? false;
  known.set(addon, has);
  return has;
}
