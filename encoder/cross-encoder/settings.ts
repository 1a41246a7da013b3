import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../plan/fault.js';
import { readJson } from '../json.js';

/** What a model's logits become: a number from 0 to 1 each, or left as they are. */
type Activation = 'sigmoid' | 'identity';

/** What a cross-encoder's files say beside its weights. */
export interface CrossEncoderSettings {
  /** By their places among the logits. */
  readonly labels: readonly string[];
  readonly activation: Activation;
  /** The longest pair, in tokens, as its tokenizer was saved; null where it does not say. */
  readonly maxLength: number | null;
  /** Whether its tokenizer says to a model which of the two texts a token is of. */
  readonly typed: boolean;
}

const configSchema = z.object({
  num_labels: z.int().positive().nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
  // sentence-transformers 4 and 5, and those before.
  sentence_transformers: z.object({ activation_fn: z.string().nullish() }).nullish(),
  sbert_ce_default_activation_function: z.string().nullish(),
});
const tokenizerSchema = z.object({
  model_max_length: z.number().positive().nullish(),
  model_input_names: z.array(z.string()).nullish(),
});
// sentence-transformers 6.
const ownSchema = z.object({
  activation_fn: z.string().nullish(),
  default_prompt_name: z.string().nullish(),
});
const modulesSchema = z.array(z.object({ type: z.string() }));

/**
 * Reads how a folder's scores are made of its logits, as transformers and sentence-transformers save it.
 * @throws Fault what is not implemented, by its name: other modules, prompts before each pair, other activations
 */
export function readCrossEncoderSettings(folder: string): CrossEncoderSettings {
  const config = readIf(join(folder, 'config.json'), configSchema) ?? {};
  const own = readIf(join(folder, 'config_sentence_transformers.json'), ownSchema) ?? {};
  const tokenizer = readIf(join(folder, 'tokenizer_config.json'), tokenizerSchema) ?? {};
  const parts = readIf(join(folder, 'modules.json'), modulesSchema) ?? [];
  const foreign = parts.map(({ type }) => type.split('.').at(-1) as string).find((kind) => kind !== 'Transformer');
  if (foreign !== undefined) throw unknown('Transformer alone', join(folder, 'modules.json'), foreign);
  if (own.default_prompt_name) {
    const file = join(folder, 'config_sentence_transformers.json');
    throw unknown('no instruction before each pair', file, `default_prompt_name ${own.default_prompt_name}`);
  }
  const labels = labelsOf(config, folder);
  const named =
    own.activation_fn ?? config.sentence_transformers?.activation_fn ?? config.sbert_ce_default_activation_function;
  return {
    labels,
    activation: named ? activationOf(named, folder) : labels.length === 1 ? 'sigmoid' : 'identity',
    maxLength: lengthOf(tokenizer.model_max_length),
    typed: tokenizer.model_input_names?.includes('token_type_ids') ?? true,
  };
}

// transformers writes 1e30 for "no limit known".
function lengthOf(saved: number | null | undefined): number | null {
  return saved && saved < 1e9 ? saved : null;
}

function labelsOf({ id2label, num_labels }: z.output<typeof configSchema>, folder: string): string[] {
  // transformers takes two where nothing is said.
  if (!id2label) return Array.from({ length: num_labels ?? 2 }, (_, i) => `LABEL_${i}`);
  const labels = Object.keys(id2label).flatMap((_, i) => id2label[i] ?? []);
  if (labels.length > 0 && labels.length === Object.keys(id2label).length) return labels;
  throw new Fault(
    `Expected labels from 0 on for id2label in ${join(folder, 'config.json')}, got ${Object.keys(id2label).join(', ') || 'none'}. Fetch the model again.`,
  );
}

function activationOf(name: string, folder: string): Activation {
  const last = name.split('.').at(-1)?.toLowerCase();
  if (last === 'sigmoid' || last === 'identity') return last;
  throw unknown('the activation Sigmoid or Identity', folder, name);
}

function unknown(wanted: string, file: string, got: string): Fault {
  return new Fault(`Expected ${wanted} in ${file}, got ${got}, which is not implemented. Choose another model.`);
}

function readIf<T extends z.ZodType>(file: string, schema: T): z.output<T> | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = schema.safeParse(readJson(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Fault(
    `Expected a model's settings in ${file}, got at ${issue?.path.join('.') || 'its top'}: ${issue?.message}. Fetch the model again.`,
  );
}
