import type { Side } from '../../encoder/encoder.js';
import type { EncoderSettings } from '../../encoder/settings.js';
import type { Tokenizer } from '../../encoder/tokenizer.js';

/** What a text's tokens depend on, besides itself. */
export interface Tokenization {
  readonly tokenizer: Tokenizer;
  readonly prompt: string;
  readonly maxLength: number;
}

/** How an encoder has one side's texts tokenized. */
export function tokenizationOf(
  { tokenizer, settings }: { readonly tokenizer: Tokenizer; readonly settings: EncoderSettings },
  side: Side,
  maxLength = settings.max_length[side],
): Tokenization {
  return { tokenizer, prompt: settings.prompt[side], maxLength };
}
