import { runningTorch } from './torch/backend.js';

/** Bytes that are taken now, and that were at most. */
export interface MemoryUse {
  readonly now: number;
  readonly peak: number;
}

/**
 * Memory of living tensors on the device that computes, as libtorch's allocator counts it; of the whole process where
 * that is the CPU, or where torch is older than 2.9 and does not say.
 */
export function memory(): MemoryUse {
  const torch = runningTorch();
  const device = torch?.addon.memory(torch.device);
  if (device) return { now: device.allocated, peak: device.peak };
  // In KiB, whatever the platform.
  return { now: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 };
}

/** Lets a device's peak begin anew; a process's cannot. */
export function resetPeakMemory(): void {
  const torch = runningTorch();
  torch?.addon.resetPeak(torch.device);
}
