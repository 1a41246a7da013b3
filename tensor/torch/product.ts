import type { Handle } from './addon.js';
import type { Aten } from './aten.js';
import { scalarTypes } from './scalar-types.js';

// libtorch gives float32 products on the CPU to MKL, which takes its AVX2 path on AMD: 230 GFLOP/s where oneDNN, in the
// same libtorch, reaches 480 (two Zen 5 cores; docs/performance.md). On Intel the two are alike. bfloat16 is oneDNN's
// either way.
const oneDnn = 'mkldnn::_linear_pointwise';

// Below this many multiplications oneDNN's preparation costs more than the product.
const worthwhile = 1 << 20;

/** The GELU of `product`, without a pass of its own where oneDNN does it: for where its input need not be kept. */
export function productGelu(aten: Aten, a: Handle, b: Handle, bias: Handle): Handle {
  return aten.device === 'cpu' && isLarge(aten, a, b) && hasOneDnn(aten.addon)
    ? aten.one(oneDnn, [a, b, bias, 'gelu', [], 'none'])
    : aten.one('aten::gelu', [product(aten, a, b, bias)]);
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
