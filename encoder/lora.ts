import { add, matMul, mul, type Tensor, type Tensor2D, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { Fault } from '../plan/fault.js';
import type { LoraPlan } from '../plan/schema.js';
import { drawAt, seedAt } from '../tensor/chance.js';
import { type Parameter, parameter } from '../tensor/parameter.js';
import type { Architecture } from './architectures/architecture.js';

/** LoRA (Hu et al. 2021) on some of an encoder's projections, which themselves do not change. */
export interface Lora {
  readonly plan: LoraPlan;
  /** The adapted projections, by name. */
  readonly targets: readonly string[];
  /** The model that the adapter belongs to, as the plan names it. */
  readonly base: string;
}

/** An adapted projection's two matrices: [rank, in] and [out, rank], named as PEFT names them. */
export const downName = (projection: string): string => `${projection}.lora_A.weight`;
export const upName = (projection: string): string => `${projection}.lora_B.weight`;

/** By what the product of the two is multiplied. */
export function loraScale({ alpha, rank }: LoraPlan): number {
  return alpha / rank;
}

/**
 * The projections that a plan's targets name: by their last words, as PEFT matches (`q_proj`, `self_attn.q_proj`,
 * `layers.3.self_attn.q_proj`), or all of every layer. Throws a Fault for a target that names none.
 */
export function loraTargets({ shapes, layers, layerName }: Architecture, { targets }: LoraPlan): string[] {
  const inLayers = (name: string): boolean =>
    Array.from({ length: layers }, (_, i) => `${layerName(i)}.`).some((prefix) => name.startsWith(prefix));
  const projections = [...shapes].flatMap(([name, shape]) =>
    shape.length === 2 && inLayers(name) ? [name.slice(0, -'.weight'.length)] : [],
  );
  if (targets === null) return projections;
  const names = (target: string, projection: string): boolean => `.${projection}`.endsWith(`.${target}`);
  const stray = targets.find((target) => !projections.some((projection) => names(target, projection)));
  if (stray !== undefined) {
    const known = [...new Set(projections.map((name) => name.slice(layerName(0).length + 1)))];
    throw new Fault(
      `Expected model.lora.targets to name projections of the model (${known.join(', ')}), got ${stray}. Correct it.`,
    );
  }
  return projections.filter((projection) => targets.some((target) => names(target, projection)));
}

/** New matrices: down uniform as PEFT draws it, up zero, so that training begins at the base model. */
export function newLoraParameters({ shapes }: Architecture, { targets, plan }: Lora, seed: number): Parameter[] {
  return targets.flatMap((projection) => {
    const [out, width] = shapes.get(`${projection}.weight`) as [number, number];
    const begun = seedAt(seed, downName(projection));
    const bound = 1 / Math.sqrt(width);
    const down = Float32Array.from({ length: plan.rank * width }, (_, i) => bound * (drawAt(begun, i) / 2 ** 31 - 1));
    return [
      parameter(downName(projection), tensor2d(down, [plan.rank, width])),
      parameter(upName(projection), tensor2d(new Float32Array(out * plan.rank), [out, plan.rank])),
    ];
  });
}

/** A projection's weight with its adapter added: what a model without LoRA computes the same with. */
export function mergedWeight(weight: Tensor, down: Tensor, up: Tensor, plan: LoraPlan): Float32Array {
  return tidy(() => {
    const product = matMul(up as Tensor2D, down as Tensor2D);
    return add(weight, mul(product, loraScale(plan))).dataSync() as Float32Array;
  });
}
