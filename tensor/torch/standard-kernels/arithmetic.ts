import { type DataType, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Handle } from '../addon.js';
import { type KernelCall, registerTorchKernel, type TorchBackend } from '../backend.js';
import { scalarTypes } from '../scalar-types.js';
import { cast } from './cast.js';

// Elementwise kernels whose meaning is one operator's; activations have a file of their own.

const unary = {
  Abs: 'abs',
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Erf: 'erf',
  Exp: 'exp',
  Expm1: 'expm1',
  Floor: 'floor',
  IsFinite: 'isfinite',
  IsInf: 'isinf',
  IsNan: 'isnan',
  Log: 'log',
  Log1p: 'log1p',
  LogicalNot: 'logical_not',
  Neg: 'neg',
  OnesLike: 'ones_like',
  Reciprocal: 'reciprocal',
  Round: 'round',
  Rsqrt: 'rsqrt',
  Sign: 'sgn',
  Sin: 'sin',
  Sinh: 'sinh',
  Sqrt: 'sqrt',
  Square: 'square',
  Tan: 'tan',
  Tanh: 'tanh',
  ZerosLike: 'zeros_like',
};

const binary = {
  Add: 'add.Tensor',
  Atan2: 'atan2',
  BitwiseAnd: 'bitwise_and.Tensor',
  Equal: 'eq.Tensor',
  Greater: 'gt.Tensor',
  GreaterEqual: 'ge.Tensor',
  Less: 'lt.Tensor',
  LessEqual: 'le.Tensor',
  LogicalAnd: 'logical_and',
  LogicalOr: 'logical_or',
  LogicalXor: 'logical_xor',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'remainder.Tensor',
  Multiply: 'mul.Tensor',
  NotEqual: 'ne.Tensor',
  RealDiv: 'div.Tensor',
  Sub: 'sub.Tensor',
};

type Unary = KernelCall<object, 'x'>;
type Binary = KernelCall<object, 'a' | 'b'>;

export function registerArithmetic(): void {
  for (const [name, op] of Object.entries(unary)) {
    const operator = `aten::${op}`;
    registerTorchKernel(name, ({ aten, inputs: { x } }: Unary) => aten.one(operator, [x]));
  }
  for (const [name, op] of Object.entries(binary)) {
    const operator = `aten::${op}`;
    registerTorchKernel(name, ({ aten, inputs: { a, b } }: Binary) => aten.one(operator, [a, b]));
  }
  registerTorchKernel('SquaredDifference', ({ aten, inputs: { a, b } }: Binary) =>
    aten.one('aten::square', [aten.one('aten::sub.Tensor', [a, b])]),
  );
  registerTorchKernel('FloorDiv', ({ aten, inputs: { a, b } }: Binary) =>
    cast(aten, aten.one('aten::floor', [aten.one('aten::div.Tensor', [a, b])]), 'int32'),
  );
  registerTorchKernel('Pow', ({ aten, inputs: { a, b }, dtypes }: Binary) => {
    if (dtypes.a === 'float32') return aten.one('aten::pow.Tensor_Tensor', [a, b]);
    // libtorch refuses negative exponents of integers; tfjs cuts the fraction off.
    const wide = aten.one('aten::_to_copy', [a], { dtype: scalarTypes.float64 });
    return cast(aten, aten.one('aten::pow.Tensor_Tensor', [wide, b]), dtypes.a);
  });
  registerTorchKernel('AddN', ({ aten, inputs }) => {
    const [first, ...rest] = Object.values(inputs);
    return rest.reduce((sum, x) => aten.one('aten::add.Tensor', [sum, x]), first as Handle);
  });
  registerTorchKernel('Cast', ({ aten, inputs: { x }, attrs }: KernelCall<{ dtype: DataType }, 'x'>) =>
    cast(aten, x, attrs.dtype),
  );
  registerKernel({
    kernelName: 'Identity',
    backendName: 'torch',
    kernelFunc: ({ inputs, backend }) => {
      const x = inputs.x as TensorInfo;
      (backend as TorchBackend).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}
