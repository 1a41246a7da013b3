import { type DataType, util } from '@tensorflow/tfjs-core';
import { type KernelCall, registerTorchKernel } from '../backend.js';
import { scalarType } from './cast.js';

export function registerCreation(): void {
  registerTorchKernel('Fill', ({ aten, attrs }: KernelCall<{ shape: number[]; value: number; dtype?: DataType }>) => {
    const dtype = scalarType(attrs.dtype ?? util.inferDtype(attrs.value));
    return aten.one('aten::full', [attrs.shape, Number(attrs.value)], { device: aten.device, dtype });
  });
  registerTorchKernel(
    'Range',
    ({ aten, attrs }: KernelCall<{ start: number; stop: number; step: number; dtype: DataType }>) => {
      const { start, stop } = attrs;
      // As tfjs does: the default step of 1 counts down where the end is below the start.
      const step = stop < start && attrs.step === 1 ? -1 : attrs.step;
      const options = { device: aten.device, dtype: scalarType(attrs.dtype) };
      // A step that leads away from the end gives nothing; libtorch refuses it.
      if (stop > start !== step > 0) return aten.one('aten::empty.memory_format', [[0]], options);
      return aten.one('aten::arange.start_step', [start, stop, step], options);
    },
  );
  registerTorchKernel('LinSpace', ({ aten, attrs }: KernelCall<{ start: number; stop: number; num: number }>) =>
    aten.one('aten::linspace', [attrs.start, attrs.stop, attrs.num], {
      device: aten.device,
      dtype: scalarType('float32'),
    }),
  );
}
