import { add, engine, keep, type Tensor } from '@tensorflow/tfjs-core';
import { Aten } from './torch/aten.js';
import { TorchBackend } from './torch/backend.js';

/** sum + more, freeing both for what comes of them. On torch in place: gradients are as large as the model. */
export function addInto(sum: Tensor, more: Tensor): Tensor {
  const { backend } = engine();
  if (!(backend instanceof TorchBackend)) {
    const made = keep(add(sum, more));
    sum.dispose();
    more.dispose();
    return made;
  }
  const aten = new Aten(backend.addon, backend.device);
  try {
    aten.one('aten::add_.Tensor', [backend.handle(sum), backend.handle(more)]);
  } finally {
    aten.close();
  }
  more.dispose();
  return sum;
}
