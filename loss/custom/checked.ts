import { type Scalar, Tensor, type Tensor2D, zerosLike } from '@tensorflow/tfjs-core';
import { Fault, reasonOf } from '../../plan/fault.js';
import { gradients, NoGradient } from '../../tensor/autograd.js';
import type { Loss } from '../loss.js';
import { withGradients } from '../with-gradients.js';

/** A user's loss whose results are checked: what is wrong with it is a Fault that names its file. */
export function checked(loss: Loss, file: string): Loss {
  return (input) =>
    withGradients(input.queries, input.documents, (queries, documents) => {
      const sides = [queries, documents];
      const { value, gradients: made } = differentiate(() => loss({ ...input, queries, documents }), file, sides);
      if (!made.some(Boolean)) {
        throw new Fault(
          `Expected a loss that depends on queries or documents from ${file}, got one that does not. Compute it from them, ` +
            'by operations that have a gradient.',
        );
      }
      const [onQueries, onDocuments] = made.map((gradient, i) => (gradient ? scoped(gradient) : zerosLike(sides[i]!)));
      return { value: scoped(value), queries: onQueries as Tensor2D, documents: onDocuments as Tensor2D };
    });
}

function differentiate(
  loss: () => unknown,
  file: string,
  embeddings: Tensor2D[],
): { value: Scalar; gradients: (Tensor | null)[] } {
  try {
    return gradients(() => oneNumber(loss(), file), embeddings);
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (error instanceof NoGradient) {
      throw new Fault(`Expected operations with a gradient in ${file}, got ${error.operation}. Use others.`);
    }
    const remedy = /kernel/i.test(reasonOf(error)) ? 'Use other operations, or set backend: wasm' : 'Mend the file';
    throw new Fault(`Expected the loss of ${file} to run, got: ${reasonOf(error).replace(/\.$/, '')}. ${remedy}.`);
  }
}

/** What the caller owned becomes the tidy scope's. */
function scoped<T extends Tensor>(owned: T): T {
  const copy = owned.clone();
  owned.dispose();
  return copy;
}

function oneNumber(result: unknown, file: string): Scalar {
  if (result instanceof Tensor && result.rank === 0 && result.dtype === 'float32') return result as Scalar;
  const got =
    result instanceof Tensor
      ? `a tensor of shape [${result.shape.join(', ')}] and type ${result.dtype}`
      : result instanceof Promise
        ? 'a promise'
        : `${result === null ? 'null' : typeof result}`;
  throw new Fault(
    `Expected one float32 number, a tensor of shape [], from the loss of ${file}, got ${got}. End it with mean or sum.`,
  );
}
