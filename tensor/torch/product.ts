import type { Handle } from './addon.js';
import type { Aten } from './aten.js';
import { scalarTypes } from './scalar-types.js';

// libtorch gives float32 products on the CPU to MKL, which takes its AVX2 path on AMD: 230 GFLOP/s where oneDNN, in the
// same libtorch, reaches 480 (two Zen 5 cores; docs/performance.md). On Intel the two are alike. bfloat16 is oneDNN's
// either way, and ours (native/kernels/linear.cpp) where what follows can be done in the same pass.
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

/** Whether our kernels take the product: on the CPU, in bfloat16, of whole vector registers. */
export function servesOurs({ addon, device }: Aten, x: Handle, weight: Handle): boolean {
  if (device !== 'cpu' || !addon.pairs || addon.scalarType(x) !== scalarTypes.bfloat16) return false;
  return addon.shape(weight).every((size) => size % addon.lanes === 0);
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
