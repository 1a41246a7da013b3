import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LossPlan } from '../plan/schema.js';
import { distill } from './distill.js';
import { makeGuards } from './guards.js';
import { infoNCE } from './info-nce.js';
import type { Loss } from './loss.js';
import { matryoshka } from './matryoshka.js';

/** The loss that a plan names. `unitLength`: the model's embeddings have length 1. */
export function makeLoss(plan: LossPlan, unitLength: boolean): Loss {
  const whole = wholeLoss(plan);
  return plan.matryoshka ? matryoshka(whole, plan.matryoshka, unitLength) : whole;
}

function wholeLoss(plan: LossPlan): Loss {
  if (plan.type === 'distill') {
    const temperatures = { temperature: plan.temperature, teacherTemperature: plan.teacher_temperature };
    return (input) => distill(input, input.scores as Tensor2D, temperatures);
  }
  const { temperature, in_batch: inBatch, symmetric, debias } = plan;
  const options = { temperature, inBatch, symmetric, debias, guards: makeGuards(plan.guards) };
  return (input) => infoNCE(input, options);
}
