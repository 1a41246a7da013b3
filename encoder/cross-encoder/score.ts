import { Fault } from '../../plan/fault.js';
import type { CrossEncoderSettings } from './settings.js';

/** How a pair's logits become one score. */
export type Score = (logits: ArrayLike<number>) => number;

/**
 * The score of a model with one label as its settings say; with several, that of `label` (small and capital letters alike):
 * its sigmoid where the model has one, else its probability among all by softmax. In float64: float32's sigmoid ties
 * whatever is above 17.
 *
 * @param folder for messages
 * @throws Fault several labels and none chosen, or one that is not there
 */
export function scoreOf({ labels, activation }: CrossEncoderSettings, label: string | null, folder: string): Score {
  if (labels.length === 1 && label === null) {
    return (logits) => (activation === 'sigmoid' ? sigmoid(logits[0]!) : logits[0]!);
  }
  const at = labels.findIndex((one) => one.toLowerCase() === label?.toLowerCase());
  if (at < 0) {
    throw new Fault(
      `Expected a label of ${folder} (${labels.join(', ')}), got ${label ?? 'none'}. ` +
        (labels.length === 1 ? 'Leave it away: the model has one.' : 'Choose one of them.'),
    );
  }
  return (logits) => (activation === 'sigmoid' ? sigmoid(logits[at]!) : softmaxAt(Array.from(logits), at));
}

/** Whether scores are probabilities, from 0 to 1. */
export function isProbability({ labels, activation }: CrossEncoderSettings): boolean {
  return labels.length > 1 || activation === 'sigmoid';
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function softmaxAt(logits: readonly number[], at: number): number {
  return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - logits[at]!), 0);
}
