import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readSource } from '../../data/source.js';
import type { SourcePlan } from '../../plan/data.js';
import { Fault } from '../../plan/fault.js';
import { packageRoot } from '../../plan/places.js';
import { readPlan } from '../../plan/read.js';
import type { RunPlan } from '../../plan/schema.js';
import { COMMIT, MockHub } from '../support/mock-hub.js';

// No pauses before another try.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const VL0 = 'vl/train-00000-of-00002.parquet';
const data: Pick<RunPlan['data'], 'negatives' | 'faults'> = {
  faults: 'stop',
  negatives: { per_query: 0, from: 'source', ranks: [1, 50], choose: 'first' },
};

let folder: string;
let hub: MockHub;
const lines: string[] = [];

function filesBelow(root: string): Map<string, Buffer> {
  const files = readdirSync(root, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(root, path), readFileSync(path)];
    }),
  );
}

function read(change: Partial<SourcePlan>) {
  const plan = { name: 'vl', kind: 'varied-length', split: 'train', weight: 1, ...change } as const;
  return readSource(plan, data, (line) => lines.push(line));
}
const vl = { hub: 'reasonir/reasonir-data', config: 'vl' };

async function faultOf(change: Partial<SourcePlan>): Promise<string> {
  const error = await read(change).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Fault);
  return (error as Fault).message;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-hub-'));
  hub = new MockHub(filesBelow(join(packageRoot, 'test/data/fixtures/reasonir-data')));
  lines.length = 0;
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN', 'HF_TOKEN_PATH']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('HF_HOME', join(folder, 'hf'));
  vi.stubEnv('HF_ENDPOINT', await hub.start());
  vi.stubEnv('REASONTUNE_CACHE', join(folder, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a data set of the hub', () => {
  it('is read from its config and split, says the commit that pins it, and lies in the hub’s cache', async () => {
    const { pairs } = await read(vl);
    expect(pairs).toHaveLength(12);
    expect(lines).toEqual([`reasonir/reasonir-data: main is ${COMMIT}; revision: pins it`]);
    const cached = join(folder, 'hf/hub/datasets--reasonir--reasonir-data');
    expect(readFileSync(join(cached, 'refs/main'), 'utf8')).toBe(COMMIT);
    expect(existsSync(join(cached, 'snapshots', COMMIT, VL0))).toBe(true);
    expect([...hub.downloaded()].sort()).toEqual(['README.md', VL0, 'vl/train-00001-of-00002.parquet']);
  });

  it('is read as configs/reasonir.yaml says, unchanged: vl, hq with BRIGHT’s documents, MS MARCO', async () => {
    for (const name of ['xlangai/BRIGHT', 'sentence-transformers/msmarco-bm25']) {
      hub.others.set(name, filesBelow(join(packageRoot, 'test/data/fixtures', name.split('/')[1] as string)));
    }
    const plan = readPlan(join(packageRoot, 'configs/reasonir.yaml'));
    const sources = [];
    for (const source of plan.data.sources)
      sources.push(await readSource(source, plan.data, (line) => lines.push(line)));
    expect(sources.map(({ name, pairs }) => [name, pairs.length])).toEqual([
      ['vl', 12],
      ['hq', 6],
      ['msmarco', 2],
    ]);
    const [, hq] = sources;
    expect(hq?.documents[hq.pairs[1]?.positive as number]).toBe('biology document 1: cells, or loops.');
    for (const { faults, pairs } of sources) {
      expect(faults.counted.size).toBe(0);
      for (const { negatives } of pairs) expect(negatives).toHaveLength(1);
    }
  });

  it('is fetched no further than the limit', async () => {
    const { pairs } = await read({ ...vl, limit: 5 });
    expect(pairs).toHaveLength(5);
    expect([...hub.downloaded()]).toEqual(['README.md', VL0]);
  });

  it('pinned to a commit and fetched, is read again without asking anybody', async () => {
    await read({ ...vl, revision: COMMIT });
    const asked = hub.requests.length;
    await read({ ...vl, revision: COMMIT });
    expect(hub.requests.length).toBe(asked);
  });

  it('is read offline where it was fetched before, by branch and by commit; else the fault says why', async () => {
    await read({ ...vl, limit: 5 });
    const asked = hub.requests.length;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await read({ ...vl, limit: 5 })).pairs).toHaveLength(5);
    expect((await read({ ...vl, limit: 5, revision: COMMIT })).pairs).toHaveLength(5);
    expect(await faultOf(vl)).toMatch(/vl\/train-00001-of-00002\.parquet in the hub's cache, got none\. Unset HF_HUB/);
    expect(await faultOf({ ...vl, revision: 'v2' })).toMatch(
      /HF_HUB_OFFLINE is set, and the hub's cache .* has no such/,
    );
    expect(hub.requests.length).toBe(asked);
  });

  it.each(['short', 'other bytes', 'cut off'] as const)('that sends a file %s once is asked again', async (trouble) => {
    hub.trouble.set(VL0, trouble);
    hub.times.set(VL0, 2);
    expect((await read(vl)).pairs).toHaveLength(12);
  });

  it('that always sends other bytes leaves no file behind', async () => {
    hub.trouble.set(VL0, 'other bytes');
    expect(await faultOf(vl)).toMatch(/parquet from the hub, got .* arrived damaged: its hash is not the one/);
    expect(existsSync(join(folder, 'hf/hub/datasets--reasonir--reasonir-data/snapshots', COMMIT, VL0))).toBe(false);
    expect(readdirSync(join(folder, 'hf/hub')).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  it('gets the token, and no message repeats it', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    for (const [status, says] of [
      [404, 'no such data set or revision, or a private one'],
      [503, 'refused: Bearer …'],
    ] as const) {
      hub.status = status;
      const message = await faultOf(vl);
      expect(message).toContain(says);
      expect(message).not.toContain('secret');
    }
    expect(hub.tokens).toEqual(new Set(['Bearer hf_secret']));
  });
});
