import type { Handle } from '../addon.js';
import type { Aten } from '../aten.js';
import { type KernelCall, registerTorchKernel } from '../backend.js';
import { cast } from './cast.js';

/** What an activation may be given besides x. */
interface Parameters {
  readonly alpha?: number;
  readonly weights?: Handle;
}

const functions = {
  relu: (aten: Aten, x: Handle) => aten.one('aten::relu', [x]),
  relu6: (aten: Aten, x: Handle) => aten.one('aten::clamp', [x, 0, 6]),
  elu: (aten: Aten, x: Handle) => aten.one('aten::elu', [x]),
  selu: (aten: Aten, x: Handle) => aten.one('aten::selu', [x]),
  sigmoid: (aten: Aten, x: Handle) => aten.one('aten::sigmoid', [x]),
  softplus: (aten: Aten, x: Handle) => aten.one('aten::softplus', [x]),
  leakyrelu: (aten: Aten, x: Handle, { alpha }: Parameters) => aten.one('aten::leaky_relu', [x, alpha]),
  prelu: (aten: Aten, x: Handle, { weights }: Parameters) => {
    const negative = aten.one('aten::lt.Scalar', [x, 0]);
    return aten.one('aten::where.self', [negative, aten.one('aten::mul.Tensor', [x, weights]), x]);
  },
} satisfies Record<string, (aten: Aten, x: Handle, parameters: Parameters) => Handle>;

/** Applies the activation that a fused tfjs kernel asks for. */
export function activate(aten: Aten, x: Handle, name: string, parameters: Parameters): Handle {
  if (name === 'linear') return x;
  if (!(name in functions)) throw new Error(`The torch backend has no activation ${name}.`);
  return functions[name as keyof typeof functions](aten, x, parameters);
}

const kernels = {
  Relu: 'relu',
  Relu6: 'relu6',
  Elu: 'elu',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Softplus: 'softplus',
  LeakyRelu: 'leakyrelu',
} satisfies Record<string, keyof typeof functions>;

export function registerActivations(): void {
  for (const [name, activation] of Object.entries(kernels)) {
    registerTorchKernel(name, ({ aten, inputs: { x }, attrs, dtypes }: KernelCall<{ alpha?: number }, 'x'>) => {
      const floating = dtypes.x === 'float32' || activation.startsWith('relu') ? x : cast(aten, x, 'float32');
      return activate(aten, floating, activation, attrs);
    });
  }
  registerTorchKernel('Prelu', ({ aten, inputs: { x, alpha } }: KernelCall<object, 'x' | 'alpha'>) =>
    activate(aten, x, 'prelu', { weights: alpha }),
  );
  registerTorchKernel('EluGrad', ({ aten, inputs: { dy, y } }: KernelCall<object, 'dy' | 'y'>) =>
    aten.one('aten::elu_backward', [dy, 1, 1, 1, true, y]),
  );
  // 1 above 0, alpha elsewhere; NaN stays.
  registerTorchKernel('Step', ({ aten, inputs: { x }, attrs, dtypes }: KernelCall<{ alpha: number }, 'x'>) => {
    const stepped = aten.one('aten::where.Scalar', [aten.one('aten::gt.Scalar', [x, 0]), 1, attrs.alpha]);
    return aten.one('aten::where.self', [aten.one('aten::isnan', [x]), x, cast(aten, stepped, dtypes.x)]);
  });
  registerTorchKernel(
    'ClipByValue',
    ({ aten, inputs: { x }, attrs, dtypes }: KernelCall<{ clipValueMin: number; clipValueMax: number }, 'x'>) => {
      const clipped = aten.one('aten::clamp', [x, attrs.clipValueMin, attrs.clipValueMax]);
      return dtypes.x === 'float32' ? clipped : cast(aten, clipped, dtypes.x);
    },
  );
  registerTorchKernel('Softmax', ({ aten, inputs: { logits }, attrs }: KernelCall<{ dim: number }, 'logits'>) =>
    aten.one('aten::softmax.int', [logits, attrs.dim]),
  );
  registerTorchKernel('LogSoftmax', ({ aten, inputs: { logits }, attrs }: KernelCall<{ axis: number }, 'logits'>) =>
    aten.one('aten::log_softmax.int', [logits, attrs.axis]),
  );
}
