// Shows, on a machine without a GPU, what can be shown there of the CUDA path:
//   npm run check:cuda
// Installs the CUDA torch into the cache (5.3 GB, once), compiles, links and loads the addon against it, and runs the
// tests that look at it: every operator of a training step has a kernel in libtorch_cuda under the arguments that we
// pass, our own kernels compile for sm_80, sm_90 and sm_100, and the CPU's tests hold on that libtorch as well.
// Too large for every change: run it when native/, tensor/torch/ or the pinned torch change.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { inspectTorch, privateTorchFolder } from '../dist/native/find-torch.js';
import { installTorch } from '../dist/native/install-torch.js';

const torch = join(privateTorchFolder(true), 'torch');
const there = typeof (await inspectTorch('private', torch)) !== 'string';
const reason = there ? null : await installTorch(true);
if (reason) {
  console.error(reason);
  process.exit(1);
}
const env = { ...process.env, LIBTORCH: torch, REASONTUNE_CHECK_CUDA: '1' };
const tests = ['test/cuda', 'test/tensor', 'test/native/door.test.ts'];
for (const command of [
  ['node', 'setup.mjs'],
  ['npx', 'vitest', 'run', '--coverage.enabled=false', ...tests],
]) {
  const { status } = spawnSync(command[0], command.slice(1), { env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
