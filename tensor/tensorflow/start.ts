import { createRequire } from 'node:module';
import { type KernelBackend, registerBackend } from '@tensorflow/tfjs-core';
import { PACKAGE } from '../../native/tensorflow/package.js';

/** The parts that we use of the binding that setup compiled. */
interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

const require = createRequire(import.meta.url);

/**
 * Registers tfjs's `tensorflow` backend with its kernels. The package's own index would look for the binding inside
 * node_modules; its backend takes any.
 */
export function startTensorFlow(file: string): { version: string; device: 'cpu' | 'gpu' } {
  // Read by TensorFlow when it is loaded: its notes about the machine are for its own developers.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // It would take all of a GPU's memory at once.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  supplyRemovedFunctions();
  const binding = require(file) as Binding;
  require(`${PACKAGE}/dist/register_all_kernels`);
  const { NodeJSKernelBackend } = require(`${PACKAGE}/dist/nodejs_kernel_backend`) as {
    NodeJSKernelBackend: new (binding: Binding, packageName: string) => KernelBackend;
  };
  const backend = new NodeJSKernelBackend(binding, PACKAGE);
  registerBackend('tensorflow', () => backend);
  return { version: binding.TF_Version, device: binding.isUsingGpuDevice() ? 'gpu' : 'cpu' };
}

/** The package calls two functions of node:util that Node 22 warns of and Node 23 removed. */
function supplyRemovedFunctions(): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
