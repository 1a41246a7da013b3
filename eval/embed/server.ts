import { basename } from 'node:path';
import { embedTexts } from '../../endpoint/embeddings.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import { readEmbeddings } from '../../plan/embeddings.js';
import { Fault } from '../../plan/fault.js';
import { hashOf } from '../kept-index.js';
import type { Embedded, Embedder } from './embedder.js';

/**
 * A server of embeddings by OpenAI's protocol, as a YAML file names it.
 *
 * @throws Fault a file that is wrong; when it embeds, as `Endpoint.post`
 */
export function openServerEmbedder(file: string): Embedder {
  const plan = readEmbeddings(file);
  const endpoint = new Endpoint(plan.endpoint);
  const { batch, dimensions, prompt, normalize } = plan;
  const { url, model } = plan.endpoint;
  return {
    name: plan.name ?? basename(model),
    where: 'endpoint',
    identity: async () => ({ weights: hashOf([url, model]), settings: hashOf([dimensions, prompt, normalize]) }),
    embed: async (side, texts, onProgress) => {
      const prompted = texts.map((text) => `${prompt[side]}${text}`);
      const embedded = await embedTexts(endpoint, prompted, { batch, dimensions }, (done) =>
        onProgress?.(done, texts.length),
      );
      const width = embedded[0]?.vector.length ?? 1;
      const values = new Float32Array(texts.length * width);
      let tokens: Embedded['tokens'] = 0;
      for (const [row, one] of embedded.entries()) {
        if (one.vector.length !== width) {
          throw new Fault(
            `Expected vectors of one width from ${url}, got ${width} and ${one.vector.length} numbers. Check endpoint.model.`,
          );
        }
        values.set(normalize ? unit(one.vector, url) : one.vector, row * width);
        tokens = tokens === null || one.tokens === null ? null : tokens + one.tokens;
      }
      return { values, width, tokens };
    },
    dispose: () => {},
  };
}

function unit(vector: Float32Array, url: string): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (norm > 0 && Number.isFinite(norm)) return vector.map((value) => value / norm);
  throw new Fault(`Expected vectors that have a direction from ${url}, got one of length ${norm}. Check the server.`);
}
