import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** SHA-256 over a model's weights, in shards or not, by their files' names. */
export async function weightsHash(folder: string): Promise<string> {
  const sum = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.safetensors')) continue;
    for await (const chunk of createReadStream(join(folder, name))) sum.update(chunk as Buffer);
  }
  return sum.digest('hex');
}
