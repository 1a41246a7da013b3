import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LossPlan } from '../plan/schema.js';
import { distill } from './distill.js';
import { makeGuards } from './guards.js';
import { infoNCE } from './info-nce.js';
import type { Loss } from './loss.js';
import { matryoshka } from './matryoshka.js';

/** The loss that a plan names. Throws a Fault for a custom one that cannot be loaded. `unitLength`: the model's embeddings have length 1. */
export async function makeLoss(plan: LossPlan, unitLength: boolean): Promise<Loss> {
  const whole = plan.type === 'custom' ? await ownLoss(plan.path, plan.sha256) : builtIn(plan);
  return plan.matryoshka ? matryoshka(whole, plan.matryoshka, unitLength) : whole;
}

function builtIn(plan: Exclude<LossPlan, { type: 'custom' }>): Loss {
  if (plan.type === 'distill') {
    const temperatures = { temperature: plan.temperature, teacherTemperature: plan.teacher_temperature };
    return (input) => distill(input, input.scores as Tensor2D, temperatures);
  }
  const { temperature, in_batch: inBatch, symmetric, debias } = plan;
  const options = { temperature, inBatch, symmetric, debias, guards: makeGuards(plan.guards) };
  return (input) => infoNCE(input, options);
}

async function ownLoss(file: string, sha256: string): Promise<Loss> {
  // Loaded when needed: other losses do without a transpiler.
  const { loadLoss } = await import('./custom/load-loss.js');
  return loadLoss(file, sha256);
}
