import type { Handle } from './addon.js';
import type { Aten } from './aten.js';
import { scalarTypes } from './scalar-types.js';

/** The sum over the rows of x [rows, columns], in float32: a bias's gradient. libtorch's takes four times as long in bfloat16. */
export function columnSums(aten: Aten, x: Handle): Handle {
  const { addon, device } = aten;
  const [, columns] = addon.shape(x) as [number, number];
  return device === 'cpu' && columns % addon.lanes === 0
    ? aten.one('reasontune::column_sums', [x])
    : aten.one('aten::sum.dim_IntList', [x, [0], false], { dtype: scalarTypes.float32 });
}
