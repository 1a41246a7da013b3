import type { Vectors } from '../../encoder/encode.js';
import type { Side } from '../../encoder/encoder.js';
import type { Progress } from '../system.js';

/** What an embedder's vectors depend on. */
export interface Identity {
  /** SHA-256 of the weights; of a server, its address and the model's name, which is all that can be known. */
  readonly weights: string;
  /** SHA-256 of how texts become vectors: prompts, lengths, pooling, … */
  readonly settings: string;
}

/** Vectors, and the tokens that were read for them; null where a server does not say. */
export interface Embedded extends Vectors {
  readonly tokens: number | null;
}

/** Something that turns texts into vectors: an encoder on this machine, or a server. */
export interface Embedder {
  readonly name: string;
  /** Where its work is done, and so how it is paid for. */
  readonly where: 'machine' | 'endpoint';
  identity(): Promise<Identity>;
  embed(side: Side, texts: readonly string[], onProgress?: Progress): Promise<Embedded>;
  dispose(): void;
}
