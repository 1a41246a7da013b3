import { backend_util, type Tensor } from '@tensorflow/tfjs-core';
import type { Handle } from '../addon.js';
import type { Aten } from '../aten.js';
import { type KernelCall, registerTorchKernel } from '../backend.js';
import { product } from '../product.js';
import { activate } from './activations.js';

interface Transposed {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function matmul(aten: Aten, a: Handle, b: Handle, { transposeA, transposeB }: Transposed): Handle {
  const flip = (x: Handle, transposed: boolean): Handle =>
    transposed ? aten.one('aten::transpose.int', [x, -2, -1]) : x;
  if (aten.addon.shape(a).length === 2 && aten.addon.shape(b).length === 2) {
    return product(aten, flip(a, transposeA), flip(b, !transposeB));
  }
  return aten.one('aten::matmul', [flip(a, transposeA), flip(b, transposeB)]);
}

interface Fused extends Transposed {
  readonly activation: string;
  readonly leakyreluAlpha?: number;
}

export function registerMatrices(): void {
  registerTorchKernel('BatchMatMul', ({ aten, inputs: { a, b }, attrs, shapes }: KernelCall<Transposed, 'a' | 'b'>) => {
    // libtorch would take a vector for a row or a column.
    if (shapes.a.length < 2 || shapes.b.length < 2) {
      throw new Error(`Expected matrices for matMul, got shapes [${shapes.a}] and [${shapes.b}].`);
    }
    return matmul(aten, a, b, attrs);
  });
  registerTorchKernel('_FusedMatMul', ({ aten, inputs, attrs }: KernelCall<Fused, 'a' | 'b'>) => {
    const { a, b, bias, preluActivationWeights } = inputs as Record<string, Handle>;
    const product = matmul(aten, a!, b!, attrs);
    const sum = bias ? aten.one('aten::add.Tensor', [product, bias]) : product;
    return activate(aten, sum, attrs.activation ?? 'linear', {
      ...(attrs.leakyreluAlpha === undefined ? {} : { alpha: attrs.leakyreluAlpha }),
      ...(preluActivationWeights ? { weights: preluActivationWeights } : {}),
    });
  });
  registerTorchKernel('Einsum', ({ aten, inputs, attrs, shapes }: KernelCall<{ equation: string }>) => {
    // tfjs's own checks, for its messages.
    const all = Object.values(shapes).map((shape) => ({ shape: [...shape] }) as Tensor);
    const { allDims, idDims } = backend_util.decodeEinsumEquation(attrs.equation, all.length);
    backend_util.checkEinsumDimSizes(allDims.length, idDims, all);
    return aten.one('aten::contiguous', [
      aten.one('aten::einsum', [attrs.equation.replaceAll(' ', ''), Object.values(inputs)]),
    ]);
  });
  registerTorchKernel('Diag', ({ aten, inputs: { x }, shapes }: KernelCall<object, 'x'>) => {
    const flat = aten.one('aten::reshape', [x, [-1]]);
    return aten.one('aten::reshape', [aten.one('aten::diag_embed', [flat]), [...shapes.x, ...shapes.x]]);
  });
}
