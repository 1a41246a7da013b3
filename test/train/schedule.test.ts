import { describe, expect, it } from 'vitest';
import { learningRate } from '../../train/schedule.js';
import { readPlanText } from '../support/plan.js';

function rates(schedule: string, steps: number): number[] {
  const plan = readPlanText(`
name: x
model: {base: x}
data: {sources: [{name: x, kind: public, path: x}]}
train: {optimizer: {learning_rate: 1.0}, schedule: ${schedule}}`);
  return Array.from({ length: steps }, (_, i) => Number(learningRate(i + 1, steps, plan.train).toFixed(6)));
}

describe('the learning rate', () => {
  it('stays', () => expect(rates('{type: constant}', 3)).toEqual([1, 1, 1]));
  it('rises to its peak after the warm-up', () => {
    expect(rates('{type: constant, warmup: 3 steps}', 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });
  it('falls in a straight line towards 0', () => {
    expect(rates('{type: linear}', 4)).toEqual([1, 0.75, 0.5, 0.25]);
    expect(rates('{type: linear, warmup: 50%}', 4)).toEqual([0.333333, 0.666667, 1, 0.5]);
  });
  it('falls along half a cosine', () => {
    expect(rates('{type: cosine}', 4)).toEqual([1, 0.853553, 0.5, 0.146447]);
  });
  it('is all warm-up where that is the whole run', () => {
    expect(rates('{type: cosine, warmup: 100%}', 3)).toEqual([0.25, 0.5, 0.75]);
  });
});
