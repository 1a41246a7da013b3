import { add, cast, div, exp, greater, log, max, maximum, mul, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import type { Judged, Logits } from './contest-loss.js';

/**
 * Debiased InfoNCE (Chuang et al. 2020, "Debiased Contrastive Learning", equation 8): of the negatives a share `prior`
 * are taken to be right answers, and their expected part is subtracted. With P = exp(positive's logit), S the sum of
 * exp(negatives' logits) and N their number: Z = P + max((S − N·prior·P) / (1 − prior), N·exp(−1 / temperature)), and
 * the loss is log Z − log P. The floor holds for cosine similarities. A guard's weights count in S and in N.
 */
export function debiased({ logits, logWeights, own, positive }: Logits, prior: number, temperature: number): Judged {
  // All but the losses is relative to exp(largest), so that nothing overflows.
  const largest = max(logits, 1, true);
  const others = sub(1, own);
  const powers = mul(exp(sub(logits, largest)), others);
  const p = exp(sub(positive, largest));
  const n = sum(logWeights ? mul(exp(logWeights), others) : others, 1, true);
  const corrected = div(sub(sum(powers, 1, true), mul(mul(n, p), prior)), 1 - prior);
  const floor = mul(n, exp(sub(-1 / temperature, largest)));
  const z = add(p, maximum(corrected, floor));
  // The slope along a negative is its power over (1 − prior), along the positive 1 − N·prior / (1 − prior) times P,
  // both over Z; where the floor holds, 0 and P over Z.
  const above = cast(greater(corrected, floor), 'float32');
  const onNegatives = div(mul(powers, above), mul(z, 1 - prior));
  const share: Tensor = sub(1, mul(mul(n, above), prior / (1 - prior)));
  const onPositive = sub(div(mul(p, share), z), 1);
  return {
    losses: sub(add(log(z), largest), positive),
    slopes: add(onNegatives, mul(own, onPositive)),
  };
}
