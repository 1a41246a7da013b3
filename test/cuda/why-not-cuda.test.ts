import { expect, it } from 'vitest';
import type { Addon } from '../../tensor/torch/addon.js';
import { whyNotCuda } from '../../tensor/torch/why-not-cuda.js';

/** An addon as it is on some machine: does torch see a device, has it CUDA kernels, what does the driver answer. */
function machine(sees: boolean, kernels: boolean, driver: () => ReturnType<Addon['cudaDevice']>): Addon {
  return {
    version: '2.15.0',
    cuda: sees,
    describe: () => ({ arguments: [], cpu: false, cuda: kernels }),
    cudaDevice: driver,
    nvrtcVersion: () => '13.2',
  } as unknown as Addon;
}

const card = (cuda: number) => () => ({ name: 'NVIDIA H100', capability: 90, cuda });
const dead = (): never => {
  throw new Error('cuInit: no CUDA-capable device is detected');
};

it.each<[string, Addon, string | null, RegExp | null]>([
  ['a device', machine(true, true, card(13020)), 'version 590', null],
  ['no driver', machine(false, false, dead), null, /no NVIDIA driver/],
  ['a torch for the CPU', machine(false, false, card(13020)), 'version 590', /serves the CPU alone; .*npm run setup/],
  ['a driver without a card', machine(false, true, dead), 'version 590', /no CUDA-capable device.*nvidia-smi/],
  ['an old driver', machine(false, true, card(12040)), 'version 550', /serves CUDA 12\.4 and .* for 13\.2; update/],
  ['a hidden device', machine(false, true, card(13000)), 'version 580', /NVIDIA H100, but .*CUDA_VISIBLE_DEVICES/],
])('says for %s why torch does not use it', (_name, addon, driver, reason) => {
  const said = whyNotCuda(addon, driver);
  if (reason) expect(said).toMatch(reason);
  else expect(said).toBeNull();
});
