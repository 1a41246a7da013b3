import { gather, type Tensor1D, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'table' | 'ids', { rows: number; width: number }>({
  name: 'Embed',
  compose: ({ table, ids }) => [gather(table, ids as Tensor1D)],
  torch: (aten, { table, ids }) => [aten.one('aten::embedding', [table, ids])],
  gradient: {
    of: ['table'],
    inputs: ['ids'],
    outputs: false,
    // On the host: no stock backend has a scatter-add that is both exact and linear in the tokens.
    compose: (dy, { ids }, _y, { rows, width }) => {
      const sums = new Float32Array(rows * width);
      const upstream = dy.dataSync();
      ids.dataSync().forEach((id, token) => {
        for (let j = 0; j < width; j++) sums[id * width + j]! += upstream[token * width + j]!;
      });
      return [tensor2d(sums, [rows, width])];
    },
    torch: (aten, dy, { ids }, _y, { rows }) => [
      aten.one('aten::embedding_dense_backward', [dy, ids, rows, -1, false]),
    ],
  },
});

/** Rows of table [rows, width] at ids [tokens] → [tokens, width]. */
export function embed(table: Tensor2D, ids: Tensor1D): Tensor2D {
  return operation({ table, ids }, { rows: table.shape[0], width: table.shape[1] }) as Tensor2D;
}
