import { add, keep, type Tensor } from '@tensorflow/tfjs-core';
import { Aten } from './torch/aten.js';
import { runningTorch } from './torch/backend.js';

/** sum + more, freeing both for what comes of them. On torch in place: gradients are as large as the model. */
export function addInto(sum: Tensor, more: Tensor): Tensor {
  const torch = runningTorch();
  if (!torch) {
    const made = keep(add(sum, more));
    sum.dispose();
    more.dispose();
    return made;
  }
  const aten = new Aten(torch.addon, torch.device);
  try {
    aten.one('aten::add_.Tensor', [torch.handle(sum), torch.handle(more)]);
  } finally {
    aten.close();
  }
  more.dispose();
  return sum;
}
