import { registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { afterAll, expect, it } from 'vitest';
import { useBackend } from '../../tensor/backend.js';
import { memory, resetPeakMemory } from '../../tensor/memory.js';
import type { Addon } from '../../tensor/torch/addon.js';
import { TorchBackend } from '../../tensor/torch/backend.js';

afterAll(() => removeBackend('device'));

it('is that of the device where one computes, and of the process on the CPU', async () => {
  let peak = 300;
  const addon = {
    memory: (device: string) => (device === 'cuda:0' ? { allocated: 100, peak, reserved: 512 } : null),
    resetPeak: () => {
      peak = 100;
    },
  } as unknown as Addon;
  registerBackend('device', () => new TorchBackend(addon, 'cuda:0'));
  await setBackend('device');
  expect(memory()).toEqual({ now: 100, peak: 300 });
  resetPeakMemory();
  expect(memory()).toEqual({ now: 100, peak: 100 });

  await useBackend('torch');
  const { now, peak: most } = memory();
  expect(now).toBeGreaterThan(50 * 2 ** 20);
  expect(most).toBeGreaterThanOrEqual(0.9 * now);
  resetPeakMemory();
});
