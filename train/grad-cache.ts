import { concat, gather, type Tensor, type Tensor2D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Packed } from '../encoder/pack.js';
import { addInto } from '../tensor/add-into.js';
import { gradients } from '../tensor/autograd.js';
import type { MicroBatch } from './micro-batches.js';

// GradCache (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"): the loss needs
// all embeddings of a batch, but the encoder's backward pass needs no more than the gradient of its own. So everything
// is embedded without a tape, the loss is differentiated with respect to the embeddings, and each micro-batch is
// embedded again, this time with its backward pass. Exact: it costs a second forward pass and changes no number.

/** Embeds a micro-batch → [sequences, width]. Called twice with the same seed it must return the same. */
export type Embed = (batch: Packed, seed: number) => Tensor2D;

/** The embeddings of all micro-batches without a tape, rows in the order of the side's sequences [sequences, width]. */
export function embedAll(embed: Embed, parts: readonly MicroBatch[]): Tensor2D {
  return tidy(() => {
    const places = new Int32Array(parts.reduce((sum, { rows }) => sum + rows.length, 0));
    let next = 0;
    for (const { rows } of parts) for (const row of rows) places[row] = next++;
    const embedded = parts.map(({ packed, seed }) => tidy(() => embed(packed, seed)));
    return gather(concat(embedded), tensor1d(places, 'int32')) as Tensor2D;
  });
}

/** The loss, and its gradient for each side's embeddings (null where it does not depend on them). */
export function lossOfEmbeddings(
  loss: (...sides: Tensor2D[]) => Tensor,
  sides: readonly Tensor2D[],
): { loss: number; cotangents: (Tensor2D | null)[] } {
  const { value, gradients: cotangents } = gradients(() => loss(...sides), sides);
  const [number] = value.dataSync();
  value.dispose();
  return { loss: number as number, cotangents: cotangents as (Tensor2D | null)[] };
}

/** A micro-batch's share of the gradient for each of `weights`, given the gradient for its side's embeddings. */
export function backwardPart(
  embed: Embed,
  { rows, packed, seed }: MicroBatch,
  cotangents: Tensor2D,
  weights: readonly Tensor[],
): (Tensor | null)[] {
  const dy = tidy(() => gather(cotangents, tensor1d(rows, 'int32')));
  const { value, gradients: made } = gradients(() => embed(packed, seed), weights, dy);
  value.dispose();
  dy.dispose();
  return made;
}

/** Adds a micro-batch's gradients to the sums, and frees them. */
export function accumulate(sums: (Tensor | null)[], made: readonly (Tensor | null)[]): void {
  made.forEach((gradient, i) => {
    const sum = sums[i];
    sums[i] = gradient && sum ? addInto(sum, gradient) : (gradient ?? sum ?? null);
  });
}
