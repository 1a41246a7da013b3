import { add, div, mul, sqrt, square, sub, sum, type Tensor, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { launchAdamW } from './adamw-kernel.js';
import { type Parameter, parameter, replace } from './parameter.js';
import type { Handle } from './torch/addon.js';
import { Aten } from './torch/aten.js';
import { runningTorch, type TorchBackend } from './torch/backend.js';

// Kingma & Ba 2015; decoupled weight decay as Loshchilov & Hutter 2019. PyTorch's defaults.
const beta1 = 0.9;
const beta2 = 0.999;
const eps = 1e-8;

/** Running means of each parameter's gradient and of its square, in the parameters' order. */
export interface Moments {
  readonly first: Parameter[];
  readonly second: Parameter[];
}

export interface AdamWStep {
  /** 1 for the first update. */
  readonly step: number;
  readonly learningRate: number;
  /** Applied to tensors of two dimensions or more; gains and biases do not decay. */
  readonly weightDecay: number;
}

export function zeroMoments(parameters: readonly Parameter[]): Moments {
  const zeros = (): Parameter[] => parameters.map((p) => parameter(p.name, zerosLike(p.tensor)));
  return { first: zeros(), second: zeros() };
}

/** The Euclidean length of all gradients together. */
export function gradientNorm(gradients: readonly Tensor[]): number {
  const torch = runningTorch();
  if (!torch) {
    let squares = 0;
    for (const gradient of gradients) squares += tidy(() => sum(square(gradient)).dataSync()[0] as number);
    return Math.sqrt(squares);
  }
  const aten = new Aten(torch.addon, torch.device);
  try {
    const norms = aten.many('aten::_foreach_norm.Scalar', [gradients.map((g) => torch.handle(g)), 2]);
    const total = aten.one('aten::linalg_vector_norm', [aten.one('aten::stack', [norms])]);
    return torch.addon.toArray(total)[0] as number;
  } finally {
    aten.close();
  }
}

/** One AdamW update. `scale` multiplies every gradient first: below 1 where the norm is clipped. */
export function adamw(
  parameters: readonly Parameter[],
  gradients: readonly Tensor[],
  moments: Moments,
  { step, learningRate, weightDecay }: AdamWStep,
  scale: number,
): void {
  for (const decays of [true, false]) {
    const chosen = parameters.flatMap((p, i) => (p.tensor.rank >= 2 === decays ? [i] : []));
    if (chosen.length === 0) continue;
    const pick = <T>(all: readonly T[]): T[] => chosen.map((i) => all[i] as T);
    const group: Group = {
      parameters: pick(parameters),
      gradients: pick(gradients),
      first: pick(moments.first),
      second: pick(moments.second),
      step,
      learningRate,
      weightDecay: decays ? weightDecay : 0,
      scale,
    };
    const torch = runningTorch();
    if (torch) updateInPlace(torch, group);
    else updateByReplacing(group);
  }
}

interface Group extends AdamWStep {
  readonly parameters: Parameter[];
  readonly gradients: Tensor[];
  readonly first: Parameter[];
  readonly second: Parameter[];
  readonly scale: number;
}

function updateInPlace(torch: TorchBackend, group: Group): void {
  const aten = new Aten(torch.addon, torch.device);
  const handles = (all: readonly Parameter[]): Handle[] => all.map((p) => torch.handle(p.tensor));
  try {
    const gradients = group.gradients.map((g) => torch.handle(g));
    const own = torch.ownKernels;
    if (own) {
      const lists = {
        weights: handles(group.parameters),
        gradients: gradients.map((gradient) => aten.one('aten::contiguous', [gradient])),
        first: handles(group.first),
        second: handles(group.second),
      };
      launchAdamW(aten, (name) => own.get('adamw.cu', name), lists, { ...group, beta1, beta2, eps });
      return;
    }
    if (group.scale !== 1) torch.addon.call('aten::_foreach_mul_.Scalar', [gradients, group.scale]);
    const step = aten.from(new Float32Array([group.step]), []);
    torch.addon.call(
      'aten::_fused_adamw_',
      [
        handles(group.parameters),
        gradients,
        handles(group.first),
        handles(group.second),
        [],
        gradients.map(() => step),
      ],
      { lr: group.learningRate, beta1, beta2, weight_decay: group.weightDecay, eps, amsgrad: false, maximize: false },
    );
  } finally {
    aten.close();
  }
}

function updateByReplacing(group: Group): void {
  const { step, learningRate, weightDecay, scale } = group;
  const firstBias = 1 - beta1 ** step;
  const secondBias = 1 - beta2 ** step;
  group.parameters.forEach((target, i) => {
    const [first, second] = [group.first[i] as Parameter, group.second[i] as Parameter];
    const [m, v, w] = tidy(() => {
      const gradient = mul(group.gradients[i] as Tensor, scale);
      const m = add(mul(first.tensor, beta1), mul(gradient, 1 - beta1));
      const v = add(mul(second.tensor, beta2), mul(square(gradient), 1 - beta2));
      const ratio = div(m, add(div(sqrt(v), Math.sqrt(secondBias)), eps));
      const decayed = mul(target.tensor, 1 - learningRate * weightDecay);
      return [m, v, sub(decayed, mul(ratio, learningRate / firstBias))];
    }) as [Tensor, Tensor, Tensor];
    replace(first, m);
    replace(second, v);
    replace(target, w);
  });
}
