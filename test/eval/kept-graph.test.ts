import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keptGraph } from '../../eval/kept-graph.js';
import { hashOf } from '../../eval/kept-index.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reasontune-graph-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const [width, count] = [8, 400];
const values = Float32Array.from({ length: width * count }, (_, i) => Math.sin(i * i));
const documents = { ids: Array.from({ length: count }, (_, i) => `d${i}`), values, width };
const asked = { values: values.subarray(0, 5 * width), width };
const of = { model: 'm', weights: hashOf('w'), settings: hashOf('s'), corpus: hashOf('c') };

let number = 0;
function folder(): string {
  const made = join(root, `${number++}`);
  mkdirSync(made);
  return made;
}

describe('a kept graph', () => {
  it('finds the same reopened, and as one that was never kept', async () => {
    const kept = { folder: folder(), of };
    const first = await keptGraph(kept, documents, 20);
    const again = await keptGraph(kept, documents, 20);
    const found = first.search(asked, 20, [['d0']]);
    expect(found[0]?.some(({ id }) => id === 'd0')).toBe(false);
    expect(again.search(asked, 20, [['d0']])).toEqual(found);
    expect(again.seconds).toBe(first.seconds);
    expect((await keptGraph(null, documents, 20)).search(asked, 20, [['d0']])).toEqual(found);
  });

  it.each(['corpus', 'weights', 'settings'] as const)('is refused when its %s changed', async (key) => {
    const at = folder();
    await keptGraph({ folder: at, of }, documents, 20);
    const what = { corpus: 'another corpus', weights: 'another model', settings: 'other settings' }[key];
    await expect(keptGraph({ folder: at, of: { ...of, [key]: hashOf('new') } }, documents, 20)).rejects.toThrow(
      new RegExp(`graph\\.json, got one of ${what}.*${hashOf('new').slice(0, 12)}.*Delete it`),
    );
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    ['a flipped bit', (at) => flip(join(at, 'graph.usearch')), /got other bytes than were written/],
    ['a file cut short', (at) => writeFileSync(join(at, 'graph.usearch'), 'abc'), /got other bytes/],
    ['no file', (at) => rmSync(join(at, 'graph.usearch')), /got no file/],
    ['another manifest', (at) => writeFileSync(join(at, 'graph.json'), '{"format": 2}'), /graph\.json at format/],
    ['no manifest at all', (at) => writeFileSync(join(at, 'graph.json'), '{'), /Delete .*graph\.json/],
  ])('is refused with %s', async (_what, damage, message) => {
    const at = folder();
    await keptGraph({ folder: at, of }, documents, 20);
    damage(at);
    await expect(keptGraph({ folder: at, of }, documents, 20)).rejects.toThrow(message);
  });

  it('says when it cannot be written, and leaves nothing', async () => {
    const at = join(root, 'absent');
    await expect(keptGraph({ folder: at, of }, documents, 20)).rejects.toThrow(/Check --index/);
    expect(existsSync(at)).toBe(false);
  });
});

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(file, bytes);
}
