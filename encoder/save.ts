import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Encoder } from './encoder.js';
import { changeJson } from './json-text.js';
import { downName, type Lora, mergedWeight, upName } from './lora.js';
import { saveAdapter } from './peft.js';
import { type HostTensor, writeSafetensors } from './safetensors.js';
import { ownSettingsFile } from './settings.js';
import { hostTensors, weightsOf } from './weights.js';

/** Where in a checkpoint an adapter lies by itself. */
export const adapterFolder = 'adapter';

/** Writes an encoder into an existing folder as sentence-transformers does, so that it loads there unchanged. */
export function saveEncoder(encoder: Encoder, folder: string, modelCard: string): void {
  const { settings, architecture } = encoder;
  const writeJson = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  writeFileSync(join(folder, 'config.json'), `${savedConfig(encoder)}\n`);
  for (const [name, bytes] of encoder.tokenizerFiles) writeFileSync(join(folder, name), bytes);
  writeSafetensors(join(folder, 'model.safetensors'), new Map([...wholeWeights(encoder), ...encoder.untouched]));
  if (encoder.lora) saveAdapter(join(folder, adapterFolder), encoder.lora, encoder.parameters);

  const parts = ['Transformer', 'Pooling', ...(settings.normalize ? ['Normalize'] : [])];
  writeJson(
    'modules.json',
    parts.map((part, idx) => ({
      idx,
      name: String(idx),
      path: idx === 0 ? '' : `${idx}_${part}`,
      type: `sentence_transformers.models.${part}`,
    })),
  );
  mkdirSync(join(folder, '1_Pooling'));
  writeJson('1_Pooling/config.json', {
    word_embedding_dimension: architecture.hidden,
    pooling_mode_cls_token: settings.pooling === 'cls',
    pooling_mode_mean_tokens: settings.pooling === 'mean',
    pooling_mode_max_tokens: false,
    pooling_mode_mean_sqrt_len_tokens: false,
    pooling_mode_weightedmean_tokens: false,
    pooling_mode_lasttoken: settings.pooling === 'last',
    include_prompt: settings.pool_prompt,
  });
  if (settings.normalize) mkdirSync(join(folder, '2_Normalize'));
  writeJson('sentence_bert_config.json', {
    max_seq_length: Math.max(settings.max_length.query, settings.max_length.document),
    do_lower_case: false,
  });
  writeJson('config_sentence_transformers.json', {
    prompts: settings.prompt,
    default_prompt_name: null,
    similarity_fn_name: settings.normalize ? 'cosine' : 'dot',
  });
  writeJson(ownSettingsFile, { max_length: settings.max_length });
  writeFileSync(join(folder, 'README.md'), modelCard);
}

/** The weights of the forward pass in the architecture's order, adapters merged into them. */
function wholeWeights({ architecture, parameters, frozen, lora }: Encoder): Map<string, HostTensor> {
  const all = hostTensors([...parameters, ...frozen]);
  const given = weightsOf(parameters, frozen);
  for (const projection of lora?.targets ?? []) {
    const name = `${projection}.weight`;
    const [down, up] = [given.get(downName(projection)), given.get(upName(projection))];
    all.set(name, {
      shape: given.get(name).shape,
      get values() {
        return mergedWeight(given.get(name), down, up, (lora as Lora).plan);
      },
    });
  }
  return new Map([...architecture.shapes.keys()].map((name) => [name, all.get(name) as HostTensor]));
}

/**
 * The base's config.json with what is true of the saved weights: float32 (transformers loads in the dtype that the file
 * names), a decoder's attention (read by transformers 5), and no code that lies elsewhere.
 */
function savedConfig({ configText, architecture, settings }: Encoder): string {
  const attention = architecture.decoder ? { is_causal: settings.attention === 'causal' } : {};
  return changeJson(configText, ({ torch_dtype: _, auto_map: __, ...config }) => ({
    ...config,
    dtype: 'float32',
    ...attention,
  }));
}
