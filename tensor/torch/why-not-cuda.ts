import { nvidiaDriver } from '../../native/driver.js';
import { reasonOf } from '../../plan/fault.js';
import type { Addon } from './addon.js';

/** Why torch sees no CUDA device here and what would help, as far as can be told; null where it sees one. */
export function whyNotCuda(addon: Addon, driver: string | null = nvidiaDriver()): string | null {
  if (addon.cuda) return null;
  if (driver === null) return 'this machine has no NVIDIA driver';
  if (!addon.describe('aten::_flash_attention_forward')?.cuda) {
    return `torch ${addon.version} here serves the CPU alone; install one with CUDA and run "npm run setup"`;
  }
  try {
    const { name, cuda } = addon.cudaDevice(0);
    const serves = `${Math.floor(cuda / 1000)}.${Math.floor((cuda % 1000) / 10)}`;
    const needed = addon.nvrtcVersion();
    if (Math.trunc(Number(serves)) < Math.trunc(Number(needed))) {
      return `the driver serves CUDA ${serves} and torch ${addon.version} is made for ${needed}; update the driver`;
    }
    return `the driver has ${name}, but torch does not see it; look at CUDA_VISIBLE_DEVICES`;
  } catch (error) {
    return `${reasonOf(error)}; see what nvidia-smi says`;
  }
}
