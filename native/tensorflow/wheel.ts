import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../plan/places.js';
import { nvidiaDriver } from '../driver.js';
import { installWheels } from '../install-wheels.js';
import { missingLibraries } from '../libraries.js';

/** The TensorFlow whose libraries the binding is compiled against. */
const PINNED_TENSORFLOW = '2.21.0';

// What `tensorflow[and-cuda]` asks for; TensorFlow's libraries find them beside themselves (RUNPATH $ORIGIN/../nvidia).
const NVIDIA_WHEELS = [
  'nvidia-cublas-cu12==12.9.3.13',
  'nvidia-cuda-cupti-cu12==12.9.79',
  'nvidia-cuda-nvcc-cu12==12.9.86',
  'nvidia-cuda-nvrtc-cu12==12.9.86',
  'nvidia-cuda-runtime-cu12==12.9.79',
  'nvidia-cudnn-cu12==9.28.0.42',
  'nvidia-cufft-cu12==11.4.1.4',
  'nvidia-curand-cu12==10.3.10.19',
  'nvidia-cusolver-cu12==11.7.5.82',
  'nvidia-cusparse-cu12==12.5.10.65',
  'nvidia-nccl-cu12==2.32.3',
  'nvidia-nvjitlink-cu12==12.9.86',
] as const;

/** TensorFlow's C library and headers, out of a pip wheel. */
export interface TensorFlow {
  readonly version: string;
  /** The wheel with CUDA kernels (says nothing about a GPU). */
  readonly cuda: boolean;
  /** Holds libtensorflow_cc.so.2, libtensorflow_framework.so.2 and include/. */
  readonly root: string;
}

export const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;
const INCLUDES = ['tensorflow', 'tsl', 'xla', 'LICENSE'] as const;

/** The wheel for this machine: with CUDA kernels exactly where there is an NVIDIA driver. */
export function wantedTensorFlow(): TensorFlow {
  const cuda = nvidiaDriver() !== null;
  return { version: PINNED_TENSORFLOW, cuda, root: join(privateFolder(cuda), 'tensorflow') };
}

function privateFolder(cuda: boolean): string {
  return cacheFolder(`tensorflow-${PINNED_TENSORFLOW}${cuda ? '' : '-cpu'}`);
}

/** Whether everything that we need of it is on disk. */
export function isWhole({ root }: TensorFlow): boolean {
  return [...LIBRARIES, 'include/tensorflow/c/eager/c_api.h'].every((file) => existsSync(join(root, file)));
}

/** Why its libraries cannot be loaded on this machine, null when they can. */
export async function loadingFault({ root }: TensorFlow): Promise<string | null> {
  const missing = await missingLibraries(join(root, LIBRARIES[0]));
  return missing.length === 0 ? null : `${LIBRARIES[0]} cannot be loaded: ${missing.join(', ')} not found`;
}

/** Installs the wheel into the cache. Returns null when it is there, else the reason why not. */
export function installTensorFlow(wanted: TensorFlow): Promise<string | null> {
  const { version, cuda } = wanted;
  const packages = cuda ? [`tensorflow==${version}`, ...NVIDIA_WHEELS] : [`tensorflow-cpu==${version}`];
  return installWheels({
    what: `TensorFlow ${version}${cuda ? ' with CUDA' : ' for the CPU'}`,
    folder: privateFolder(cuda),
    gigabytes: cuda ? 6.1 : 1.3,
    // Its Python side, and what that needs, are never run.
    packages: ['--no-deps', ...packages],
    log: 'install-tensorflow.log',
    isWhole: async () => isWhole(wanted),
    trim: (folder) => {
      keepOnly(join(folder, 'tensorflow'), [...LIBRARIES, 'include', 'THIRD_PARTY_NOTICES.txt']);
      keepOnly(join(folder, 'tensorflow', 'include'), INCLUDES);
      rmSync(join(folder, 'bin'), { recursive: true, force: true });
    },
  });
}

function keepOnly(folder: string, names: readonly string[]): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (!names.includes(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
