import { type KernelBackend, registerKernel, type TensorInfo, util } from '@tensorflow/tfjs-core';

interface Segments {
  readonly x: TensorInfo;
  readonly segmentIds: TensorInfo;
}

/** Kernels that tfjs's wasm backend lacks and that a gradient reaches. */
export function registerMissingKernels(): void {
  // The gradient of gather. On the host, one addition a value; ids outside [0, numSegments) are left out, as tfjs does.
  registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend: wasm }) => {
      const backend = wasm as KernelBackend;
      const { x, segmentIds } = inputs as unknown as Segments;
      const { numSegments } = attrs as unknown as { numSegments: number };
      const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
      const width = util.sizeFromShape(shape.slice(1));
      const sums = new Float32Array(numSegments * width);
      const values = backend.readSync(x.dataId) as Float32Array;
      (backend.readSync(segmentIds.dataId) as Int32Array).forEach((id, row) => {
        if (id < 0 || id >= numSegments) return;
        for (let j = 0; j < width; j++) sums[id * width + j]! += values[row * width + j]!;
      });
      return { dataId: backend.write(sums, shape, 'float32'), shape, dtype: 'float32' };
    },
  });
}
