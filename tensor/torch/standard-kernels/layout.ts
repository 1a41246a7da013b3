import { backend_util, type Tensor, util } from '@tensorflow/tfjs-core';
import { type KernelCall, registerTorchKernel } from '../backend.js';

// Kernels that put the same values into another shape or order, or several tensors into one and back.

export function registerLayout(): void {
  registerTorchKernel('Reshape', ({ aten, inputs: { x }, attrs, shapes }: KernelCall<{ shape: number[] }, 'x'>) =>
    aten.one('aten::reshape', [x, util.inferFromImplicitShape(attrs.shape, util.sizeFromShape([...shapes.x]))]),
  );
  registerTorchKernel('ExpandDims', ({ aten, inputs: { input }, attrs }: KernelCall<{ dim: number }, 'input'>) =>
    aten.one('aten::unsqueeze', [input, attrs.dim]),
  );
  registerTorchKernel('Transpose', ({ aten, inputs: { x }, attrs }: KernelCall<{ perm: number[] }, 'x'>) =>
    aten.one('aten::contiguous', [aten.one('aten::permute', [x, attrs.perm])]),
  );
  registerTorchKernel('Reverse', ({ aten, inputs: { x }, attrs, shapes }: KernelCall<{ dims: number[] }, 'x'>) =>
    aten.one('aten::flip', [x, util.parseAxisParam(attrs.dims, [...shapes.x])]),
  );
  registerTorchKernel('Tile', ({ aten, inputs: { x }, attrs }: KernelCall<{ reps: number[] }, 'x'>) =>
    aten.one('aten::repeat', [x, attrs.reps]),
  );
  registerTorchKernel('Concat', ({ aten, inputs, attrs, shapes }: KernelCall<{ axis: number }>) => {
    const all = Object.values(shapes).map((shape) => [...shape]);
    const [axis] = util.parseAxisParam(attrs.axis, all[0] as number[]) as [number];
    backend_util.assertParamsConsistent(all, axis);
    return aten.one('aten::cat', [Object.values(inputs), axis]);
  });
  registerTorchKernel('Pack', ({ aten, inputs, attrs, dtypes }: KernelCall<{ axis: number }>) => {
    // libtorch would convert them to the widest one.
    if (new Set(Object.values(dtypes)).size > 1)
      throw new Error('All tensors passed to stack must have matching dtypes');
    return aten.one('aten::stack', [Object.values(inputs), attrs.axis]);
  });
  registerTorchKernel('Unpack', ({ aten, inputs: { value }, attrs }: KernelCall<{ axis: number }, 'value'>) =>
    aten.many('aten::unbind.int', [value, attrs.axis]).map((part) => aten.one('aten::clone', [part])),
  );
  // Views of x, not copies: what takes columns of a wide product reads them where they lie.
  registerTorchKernel(
    'SplitV',
    ({ aten, inputs: { x }, attrs, shapes }: KernelCall<{ numOrSizeSplits: number[] | number; axis: number }, 'x'>) => {
      const shape = [...shapes.x];
      const [axis] = util.parseAxisParam(attrs.axis, shape) as [number];
      const sizes = backend_util.prepareSplitSize({ shape } as Tensor, attrs.numOrSizeSplits, axis);
      return aten.many('aten::split_with_sizes', [x, sizes, axis]);
    },
  );
}
