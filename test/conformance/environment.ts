// What the specs run on. A module of its own, since imports come before anything else in a file, and the specs want
// their environment when they are imported.
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import * as kernelNames from '@tensorflow/tfjs-core/dist/kernel_names.js';
import { getKernelsForBackend } from '@tensorflow/tfjs-core/dist/kernel_registry.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';

await useBackend('torch');
setTestEnvs([{ name: 'torch', backendName: 'torch', flags: {}, isDataSync: true }]);

export { liveTensors };
// The specs register and remove kernels of their own, so this is asked before they run.
export const registered = getKernelsForBackend('torch').map(({ kernelName }) => kernelName);
export const known = Object.values(kernelNames).filter((name) => typeof name === 'string');
