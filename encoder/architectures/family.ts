import { z } from 'zod';
import type { Architecture } from './architecture.js';

/** Architectures that one forward pass serves, by transformers' model_type, and how their config.json is read. */
export interface Family {
  readonly types: readonly string[];
  /** Throws an Unsupported that names the field which cannot be honoured. */
  read(json: Readonly<Record<string, unknown>>, type: string): Architecture;
}

/** Why a config.json cannot be honoured: a field, and what is wrong with it. */
export class Unsupported extends Error {}

/** A size in a config.json. */
export const count = z.int().positive();

/** total / parts, which must be whole. */
export function dividing(total: number, parts: number, totalName: string, partsName: string): number {
  if (total % parts !== 0) throw new Unsupported(`${totalName} ${total} is not a multiple of ${partsName} ${parts}`);
  return total / parts;
}

// Fields that no forward pass without dropout depends on: how the model was pre-trained, is generated with or labelled.
const harmless = [
  /^_/,
  /dropout/,
  /^(pooler|summary|classifier|task|decoder|initializer)_/,
  /_token_ids?$/,
  // sentence-transformers' own, of a cross-encoder: ../cross-encoder/settings.ts reads them.
  /^(sentence_transformers|sbert_ce_default_activation_function)$/,
  /^(id2label|label2id|num_labels|problem_type|finetuning_task|architectures|model_type|auto_map)$/,
  /^(transformers_version|torch_dtype|dtype|name_or_path|directionality|language|transformers\.js_config)$/,
  /^(use_cache|output_past|output_attentions|output_hidden_states|return_dict|tie_word_embeddings|tie_weights_)$/,
  /^(gradient_checkpointing|torchscript|chunk_size_feed_forward|use_bfloat16|pretraining_tp|keys_to_ignore_at_inference)$/,
];

/**
 * Defines a family by the fields of its config.json that change the numbers. A field that is neither among them nor
 * known to be harmless is refused, unless it is null or false: then it asks for nothing.
 */
export function defineFamily<F extends z.ZodRawShape>(family: {
  readonly types: readonly string[];
  readonly fields: F;
  build(config: z.output<z.ZodObject<F>>, type: string): Architecture;
}): Family {
  const schema = z.object(family.fields);
  return {
    types: family.types,
    read: (json, type) => {
      for (const [field, value] of Object.entries(json)) {
        if (field in family.fields || value === null || value === false) continue;
        if (!harmless.some((pattern) => pattern.test(field))) {
          throw new Unsupported(`${field}: it is not known, and may change what the model computes`);
        }
      }
      const parsed = schema.safeParse(json);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw new Unsupported(`${issue?.path.join('.')}: ${issue?.message}`);
      }
      return family.build(parsed.data, type);
    },
  };
}
