import { engine, registerBackend, setBackend } from '@tensorflow/tfjs-core';
import { locateAddon } from '../native/locate.js';
import { locateBinding } from '../native/tensorflow/stamp.js';
import { Fault, reasonOf } from '../plan/fault.js';
import type { BackendName, CudaPlan } from '../plan/schema.js';
import { registerOperations } from './operation.js';
import { startTensorFlow } from './tensorflow/start.js';
import { type Addon, loadAddon } from './torch/addon.js';
import { runningTorch, TorchBackend } from './torch/backend.js';
import { OwnKernels } from './torch/own-kernels.js';
import { registerStandardKernels } from './torch/standard-kernels/register.js';
import { whyNotCuda } from './torch/why-not-cuda.js';
import { registerMissingKernels } from './wasm-kernels.js';
// Each operation's module registers it; backends made later must know them all.
import './attention/attention.js';
import './dropout.js';
import './embed.js';
import './gated-gelu.js';
import './gelu.js';
import './layer-norm.js';
import './leading.js';
import './linear.js';
import './linear-gelu.js';
import './linear-norm.js';
import './low-rank.js';
import './normalize.js';
import './pool.js';
import './residual.js';
import './rms-norm.js';
import './rope.js';
import './swiglu.js';

/** What runs the arithmetic, for logs and run folders. */
export interface RunningBackend {
  readonly name: 'torch' | 'tensorflow' | 'wasm';
  readonly device: string;
  /** In words: versions and threads. */
  readonly description: string;
}

// One process runs torch on one device: the first that it was asked for.
const started = new Map<string, RunningBackend>();

/**
 * Starts the backend that a plan asks for and makes it tfjs's own. `auto` takes the first that setup has made ready of
 * torch and tensorflow, else wasm. Calling again with another name switches. `cuda` says how a CUDA device does its
 * arithmetic. Throws a Fault when the one asked for cannot run here.
 */
export async function useBackend(
  wanted: BackendName,
  cuda: CudaPlan = { tf32: false, deterministic: true, own_kernels: false },
): Promise<RunningBackend> {
  const name = nameOf(wanted);
  const running = started.get(name) ?? (await start(name, wanted));
  started.set(name, running);
  if (!(await setBackend(name))) throw new Error(`tfjs could not start its ${name} backend.`);
  const torch = runningTorch();
  if (torch && torch.device !== 'cpu') configureCuda(torch, cuda);
  return running;
}

function nameOf(wanted: BackendName): RunningBackend['name'] {
  if (wanted === 'torch:cuda:0') return 'torch';
  if (wanted !== 'auto') return wanted;
  if (locateAddon()) return 'torch';
  return 'binding' in locateBinding() ? 'tensorflow' : 'wasm';
}

function start(name: RunningBackend['name'], wanted: BackendName): RunningBackend | Promise<RunningBackend> {
  if (name === 'torch') return startTorch(wanted);
  return name === 'tensorflow' ? startTensorFlowBackend() : startWasm();
}

function startTorch(wanted: BackendName): RunningBackend {
  const file = locateAddon();
  if (!file) {
    throw new Fault(
      `Expected a compiled torch backend for backend: ${wanted}, found none. Run "npm run setup", or set backend: wasm.`,
    );
  }
  const addon = load(file);
  const lack = wanted === 'torch:cuda:0' ? whyNotCuda(addon) : null;
  if (lack) throw new Fault(`Expected a CUDA device for backend: ${wanted}, got none: ${lack}. Set backend: torch.`);
  const device = wanted !== 'torch' && addon.cuda ? 'cuda:0' : 'cpu';
  registerStandardKernels();
  registerOperations('torch', device);
  registerBackend('torch', () => new TorchBackend(addon, device));
  // On the CPU torch's own default, one thread a core, stands unless OMP_NUM_THREADS says otherwise.
  return { name: 'torch', device, description: `torch ${addon.version} on ${device}` };
}

function configureCuda(backend: TorchBackend, { tf32, deterministic, own_kernels: own }: CudaPlan): void {
  // cuBLAS is deterministic with a workspace of fixed size, and reads this when it is first used.
  if (deterministic) process.env.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';
  // Sums of bfloat16 products stay in float32, as they do on the CPU.
  backend.addon.configure({ tf32, deterministic, reducedBfloat16Sums: false });
  backend.ownKernels = own ? new OwnKernels(backend.addon, 0) : null;
}

function load(file: string): Addon {
  try {
    return loadAddon(file);
  } catch (error) {
    throw new Fault(`Expected a loadable torch addon, got: ${reasonOf(error)}. Run "npm run setup" again.`);
  }
}

function startTensorFlowBackend(): RunningBackend {
  const found = locateBinding();
  const remedy = 'Run "npm run setup -- --tensorflow", or set backend: auto.';
  if ('reason' in found) {
    throw new Fault(`Expected a compiled tensorflow backend for backend: tensorflow, but ${found.reason}. ${remedy}`);
  }
  try {
    const { version, device } = startTensorFlow(found.binding);
    registerOperations('tensorflow', device);
    return { name: 'tensorflow', device, description: `TensorFlow ${version} on ${device}` };
  } catch (error) {
    throw new Fault(`Expected a loadable tensorflow backend, got: ${reasonOf(error)}. ${remedy}`);
  }
}

async function startWasm(): Promise<RunningBackend> {
  await import('@tensorflow/tfjs-backend-wasm');
  registerMissingKernels();
  registerOperations('wasm', 'cpu');
  return { name: 'wasm', device: 'cpu', description: 'wasm, one thread' };
}

/** Tensors that live now: what must not grow from step to step. */
export function liveTensors(): { tensors: number; bytes: number; native: number } {
  const { numTensors, numBytes } = engine().memory();
  return {
    tensors: numTensors,
    bytes: numBytes,
    native: runningTorch()?.addon.liveTensors() ?? engine().backend.numDataIds(),
  };
}
