import { join } from 'node:path';
import { nvidiaDriver } from './driver.js';
import { inspectTorch, PINNED_TORCH, privateTorchFolder } from './find-torch.js';
import { installWheels } from './install-wheels.js';

// libtorch_cpu of the CUDA wheel links to these two; their versions are those of the CUDA toolkit the pinned torch asks
// for (cuda-toolkit 13.2.2). The other CUDA packages, 4 GB, serve libtorch_cuda only.
const CPU_PART = [
  '--no-deps',
  `torch==${PINNED_TORCH}`,
  'nvidia-cuda-runtime==13.2.86',
  'nvidia-cuda-cupti==13.2.86',
] as const;

/**
 * Installs a torch of our own into the cache: without an NVIDIA driver only the part that the CPU needs. Returns null when
 * it is there, else the reason why not.
 */
export function installTorch(): Promise<string | null> {
  const cuda = nvidiaDriver() !== null;
  const folder = privateTorchFolder(cuda);
  return installWheels({
    what: `torch ${PINNED_TORCH}${cuda ? '' : ' (the CPU part)'}`,
    folder,
    gigabytes: cuda ? 5.3 : 1.3,
    packages: cuda ? [`torch==${PINNED_TORCH}`] : CPU_PART,
    log: 'install-torch.log',
    isWhole: async () => typeof (await inspectTorch('private', join(folder, 'torch'))) !== 'string',
  });
}
