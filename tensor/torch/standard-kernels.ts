import { type DataType, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Handle } from './addon.js';
import { type KernelCall, type Made, registerTorchKernel, type TorchBackend } from './backend.js';

// tfjs-core's own kernels on libtorch: what compositions, losses and searches written in plain tfjs calls reach.

const unary = {
  Abs: 'abs',
  Exp: 'exp',
  Log: 'log',
  Neg: 'neg',
  Sqrt: 'sqrt',
  Rsqrt: 'rsqrt',
  Square: 'square',
  Erf: 'erf',
  Tanh: 'tanh',
  Sigmoid: 'sigmoid',
  Relu: 'relu',
};
const binary = {
  Add: 'add.Tensor',
  Sub: 'sub.Tensor',
  Multiply: 'mul.Tensor',
  RealDiv: 'div.Tensor',
  Maximum: 'maximum',
  Minimum: 'minimum',
};
const comparisons = {
  Equal: 'eq.Tensor',
  NotEqual: 'ne.Tensor',
  Greater: 'gt.Tensor',
  GreaterEqual: 'ge.Tensor',
  Less: 'lt.Tensor',
  LessEqual: 'le.Tensor',
};

// PyTorch's numbers for its scalar types.
const scalarTypes = { float32: 6, int32: 3, bool: 11 } as const;

type Reduction = KernelCall<{ axis?: number | number[]; keepDims?: boolean }>;

/** Axes of a tfjs reduction; none given means all of them. */
function axesOf({ attrs, shapes }: Reduction): number[] {
  const given = attrs.axis;
  if (given === undefined || given === null) return (shapes.x as number[]).map((_, i) => i);
  return Array.isArray(given) ? given : [given];
}

function input(call: { inputs: Readonly<Record<string, Handle>> }, name: string): Handle {
  return call.inputs[name] as Handle;
}

function sameStorage(backend: TorchBackend, x: TensorInfo): TensorInfo {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
}

export function registerStandardKernels(): void {
  for (const [name, op] of Object.entries(unary)) {
    registerTorchKernel(name, (call) => call.aten.one(`aten::${op}`, [input(call, 'x')]));
  }
  for (const [name, op] of Object.entries(binary)) {
    registerTorchKernel(name, (call) => call.aten.one(`aten::${op}`, [input(call, 'a'), input(call, 'b')]));
  }
  for (const [name, op] of Object.entries(comparisons)) {
    registerTorchKernel(name, (call): Made => {
      return { handle: call.aten.one(`aten::${op}`, [input(call, 'a'), input(call, 'b')]), dtype: 'bool' };
    });
  }
  registerKernel({
    kernelName: 'Identity',
    backendName: 'torch',
    kernelFunc: ({ inputs, backend }) => sameStorage(backend as TorchBackend, inputs.x as TensorInfo),
  });
  registerReductions();
  registerShapes();
  registerMatrices();
}

function registerReductions(): void {
  const keepDims = (call: Reduction): boolean => call.attrs.keepDims ?? false;
  registerTorchKernel('Sum', (call: Reduction) =>
    call.aten.one('aten::sum.dim_IntList', [input(call, 'x'), axesOf(call), keepDims(call)]),
  );
  registerTorchKernel('Mean', (call: Reduction) =>
    call.aten.one('aten::mean.dim', [input(call, 'x'), axesOf(call), keepDims(call)]),
  );
  registerTorchKernel('Max', (call: Reduction & { attrs: { reductionIndices?: number | number[] } }) => {
    const attrs = { ...call.attrs, axis: call.attrs.reductionIndices ?? call.attrs.axis };
    return call.aten.one('aten::amax', [input(call, 'x'), axesOf({ ...call, attrs } as Reduction), keepDims(call)]);
  });
  registerTorchKernel('Softmax', (call: KernelCall<{ dim: number }>) => {
    const rank = (call.shapes.logits as number[]).length;
    const dim = call.attrs.dim < 0 ? rank + call.attrs.dim : call.attrs.dim;
    return call.aten.one('aten::softmax.int', [input(call, 'logits'), dim]);
  });
}

function registerShapes(): void {
  registerTorchKernel('Cast', (call: KernelCall<{ dtype: DataType }>) => {
    const { dtype } = call.attrs;
    const code = scalarTypes[dtype as keyof typeof scalarTypes];
    return { handle: call.aten.one('aten::_to_copy', [input(call, 'x')], { dtype: code }), dtype };
  });
  registerTorchKernel('Reshape', (call: KernelCall<{ shape: number[] }>) =>
    call.aten.one('aten::reshape', [input(call, 'x'), call.attrs.shape]),
  );
  registerTorchKernel('ExpandDims', (call: KernelCall<{ dim: number }>) =>
    call.aten.one('aten::unsqueeze', [input(call, 'input'), call.attrs.dim]),
  );
  registerTorchKernel('Transpose', (call: KernelCall<{ perm: number[] }>) => {
    const view = call.aten.one('aten::permute', [input(call, 'x'), call.attrs.perm]);
    return call.aten.one('aten::contiguous', [view]);
  });
  registerTorchKernel('Slice', (call: KernelCall<{ begin: number[]; size: number[] }>) => {
    const { begin, size } = call.attrs;
    const narrowed = begin.reduce(
      (view, start, axis) => {
        const whole = (call.shapes.x as number[])[axis] as number;
        const length = (size[axis] ?? -1) < 0 ? whole - start : (size[axis] as number);
        return call.aten.one('aten::narrow', [view, axis, start, length]);
      },
      input(call, 'x'),
    );
    return call.aten.one('aten::clone', [narrowed]);
  });
  // Views of x: torch's kernels take columns as they lie.
  registerTorchKernel('SplitV', (call: KernelCall<{ numOrSizeSplits: number | number[]; axis: number }>) => {
    const { numOrSizeSplits: parts, axis } = call.attrs;
    const whole = (call.shapes.x as number[])[axis] as number;
    const sizes = typeof parts === 'number' ? Array<number>(parts).fill(whole / parts) : parts;
    return call.aten.many('aten::split_with_sizes', [input(call, 'x'), sizes, axis]);
  });
  registerTorchKernel('Concat', (call: KernelCall<{ axis: number }>) =>
    call.aten.one('aten::cat', [Object.values(call.inputs), call.attrs.axis]),
  );
  registerTorchKernel('Pack', (call: KernelCall<{ axis: number }>) =>
    call.aten.one('aten::stack', [Object.values(call.inputs), call.attrs.axis]),
  );
  registerTorchKernel('Tile', (call: KernelCall<{ reps: number[] }>) =>
    call.aten.one('aten::repeat', [input(call, 'x'), call.attrs.reps]),
  );
  registerTorchKernel('Fill', (call: KernelCall<{ shape: number[]; value: number }>) =>
    call.aten.one('aten::full', [call.attrs.shape, call.attrs.value], { device: call.aten.device, dtype: 6 }),
  );
  registerTorchKernel('ZerosLike', (call) => call.aten.one('aten::zeros_like', [input(call, 'x')]));
  registerTorchKernel('OnesLike', (call) => call.aten.one('aten::ones_like', [input(call, 'x')]));
}

function registerMatrices(): void {
  registerTorchKernel('BatchMatMul', (call: KernelCall<{ transposeA: boolean; transposeB: boolean }>) => {
    const flip = (handle: Handle, transposed: boolean): Handle =>
      transposed ? call.aten.one('aten::transpose.int', [handle, -2, -1]) : handle;
    return call.aten.one('aten::matmul', [
      flip(input(call, 'a'), call.attrs.transposeA),
      flip(input(call, 'b'), call.attrs.transposeB),
    ]);
  });
  registerTorchKernel('GatherV2', (call: KernelCall<{ axis: number }>) =>
    call.aten.one('aten::index_select', [input(call, 'x'), call.attrs.axis, input(call, 'indices')]),
  );
  registerTorchKernel('Select', (call) =>
    call.aten.one('aten::where.self', [input(call, 'condition'), input(call, 't'), input(call, 'e')]),
  );
}
