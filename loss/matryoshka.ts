import { add, mul, type Scalar, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { gradients } from '../tensor/autograd.js';
import { leading } from '../tensor/leading.js';
import { normalize } from '../tensor/normalize.js';
import type { Loss } from './loss.js';
import { withGradients } from './with-gradients.js';

/**
 * The mean of a loss at several leading widths of the embeddings (Kusupati et al. 2022), each cut brought to unit
 * length again where the whole is. The widths are differentiated one after another, in the memory of one.
 */
export function matryoshka(loss: Loss, widths: readonly number[], unitLength: boolean): Loss {
  const cut = (x: Tensor2D, width: number): Tensor2D => (unitLength ? normalize(leading(x, width)) : leading(x, width));
  return (input) =>
    withGradients(input.queries, input.documents, (queries, documents) => {
      let sums: Tensor[] = [];
      for (const width of widths) {
        const at = (): Scalar => loss({ ...input, queries: cut(queries, width), documents: cut(documents, width) });
        const { value, gradients: made } = gradients(at, [queries, documents]);
        const parts = [value, ...(made as Tensor[])];
        const before = sums;
        sums = parts.map((part, i) => add(before[i] ?? 0, part));
        for (const part of [...before, ...parts]) part.dispose();
      }
      const [value, onQueries, onDocuments] = sums.map((sum) => mul(sum, 1 / widths.length));
      return { value: value as Scalar, queries: onQueries as Tensor2D, documents: onDocuments as Tensor2D };
    });
}
