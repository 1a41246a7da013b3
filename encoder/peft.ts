import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensor } from '@tensorflow/tfjs-core';
import { Fault } from '../plan/fault.js';
import { type Parameter, replace } from '../tensor/parameter.js';
import type { Lora } from './lora.js';
import { SafetensorsFile, writeSafetensors } from './safetensors.js';
import { hostTensors } from './weights.js';

// An adapter in the format of Hugging Face's PEFT: adapter_config.json and adapter_model.safetensors.

const prefix = 'base_model.model.';
const weightsFile = 'adapter_model.safetensors';

/** Writes an adapter into a folder, which it makes. */
export function saveAdapter(folder: string, { plan, targets, base }: Lora, parameters: readonly Parameter[]): void {
  mkdirSync(folder);
  const weights = [...hostTensors(parameters)].map(([name, host]) => [`${prefix}${name}`, host] as const);
  writeSafetensors(join(folder, weightsFile), new Map(weights));
  const config = {
    peft_type: 'LORA',
    task_type: 'FEATURE_EXTRACTION',
    base_model_name_or_path: base,
    r: plan.rank,
    lora_alpha: plan.alpha,
    lora_dropout: plan.dropout,
    // In full: PEFT would take the last word alone for a projection outside the layers too.
    target_modules: targets,
    bias: 'none',
    fan_in_fan_out: false,
    use_rslora: false,
    use_dora: false,
    modules_to_save: null,
    inference_mode: true,
  };
  writeFileSync(join(folder, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** Reads an adapter's weights into the parameters. Throws a Fault for one that is missing or misshapen. */
export function loadAdapter(folder: string, parameters: readonly Parameter[]): void {
  const file = new SafetensorsFile(join(folder, weightsFile));
  try {
    for (const target of parameters) {
      const { shape, values } = file.read(`${prefix}${target.name}`);
      if (shape.join() !== target.tensor.shape.join()) {
        throw new Fault(
          `Expected shape [${target.tensor.shape}] for ${target.name} in ${file.path}, got [${shape}]. ` +
            'Use the model.lora that it was trained with.',
        );
      }
      replace(target, tensor(values, [...shape], 'float32'));
    }
  } finally {
    file.close();
  }
}
