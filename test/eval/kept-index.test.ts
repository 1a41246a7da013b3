import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { corpusHash, hashOf, keptIndex } from '../../eval/kept-index.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reasontune-index-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const ids = ['a', 'b', 'c'];
const made = { ids, values: Float32Array.of(1, 2, 3, 4, 0.1, -6, 7, 8), width: 2, seconds: 1.5, tokens: 12 };
const of = { model: 'm', weights: hashOf('w'), settings: hashOf('s'), corpus: hashOf('c') };
const never = () => Promise.reject(new Error('made anew'));

let folder: string;
let number = 0;
beforeEach(() => {
  folder = join(root, `${number++}`, 'set', 'm');
});

describe('a kept index', () => {
  it.each([
    ['whole documents', { ...made, values: made.values.slice(0, 6) }],
    ['documents in pieces', { ...made, starts: Int32Array.of(0, 1, 3, 4) }],
  ])('is made once, and reopened as it was: %s', async (_what, index) => {
    expect(await keptIndex(folder, of, ids, async () => index)).toEqual(index);
    expect(await keptIndex(folder, of, ids, never)).toEqual(index);
    expect(readdirSync(join(folder, '..'))).toEqual(['m']);
  });

  it.each(['corpus', 'weights', 'settings'] as const)('is refused when its %s changed', async (key) => {
    await keptIndex(folder, of, ids, async () => made);
    const what = { corpus: 'another corpus', weights: 'another model', settings: 'other settings' }[key];
    const message = new RegExp(`got one of ${what}.*\\(${of[key].slice(0, 12)}, now ${hashOf('new').slice(0, 12)}\\)`);
    await expect(keptIndex(folder, { ...of, [key]: hashOf('new') }, ids, never)).rejects.toThrow(message);
    expect(await keptIndex(folder, of, ids, never)).toEqual({ ...made });
  });

  it('leaves nothing when making it fails', async () => {
    await expect(keptIndex(folder, of, ids, never)).rejects.toThrow('made anew');
    expect(existsSync(folder)).toBe(false);
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    ['a folder of something else', () => rmSync(join(folder, 'manifest.json')), /got ENOENT.*Delete the folder/],
    [
      'another manifest',
      () => writeFileSync(join(folder, 'manifest.json'), '{"format": 2}'),
      /manifest\.json at format/,
    ],
    ['vectors cut short', () => writeFileSync(join(folder, 'vectors.f32'), 'abc'), /got 3 bytes for 32 of/],
    ['vectors missing', () => rmSync(join(folder, 'vectors.f32')), /got no bytes for 32 of/],
    [
      'a flipped bit',
      () => {
        const file = join(folder, 'vectors.f32');
        const bytes = readFileSync(file);
        bytes[9]! ^= 1;
        writeFileSync(file, bytes);
      },
      /got other bytes than were written/,
    ],
  ])('refuses %s', async (_what, damage, message) => {
    await keptIndex(folder, of, ids, async () => ({ ...made, starts: Int32Array.of(0, 1, 3, 4) }));
    damage(folder);
    await expect(keptIndex(folder, of, ids, never)).rejects.toThrow(message);
  });

  it('says when it cannot be written', async () => {
    mkdirSync(join(root, 'file'), { recursive: true });
    writeFileSync(join(root, 'file', 'set'), '');
    await expect(keptIndex(join(root, 'file', 'set', 'm'), of, ids, async () => made)).rejects.toThrow(/Check --index/);
  });
});

describe('a corpus’s hash', () => {
  it('changes with any id, text or order, and with where one ends', () => {
    const corpora = [
      { ids: ['a', 'b'], texts: ['x', 'y'] },
      { ids: ['b', 'a'], texts: ['y', 'x'] },
      { ids: ['a', 'b'], texts: ['x', 'z'] },
      { ids: ['a', 'c'], texts: ['x', 'y'] },
      { ids: ['a', 'b'], texts: ['xy', ''] },
      { ids: ['a'], texts: ['x'] },
    ];
    expect(new Set(corpora.map(corpusHash)).size).toBe(corpora.length);
    expect(corpusHash(corpora[0]!)).toBe(corpusHash({ ids: ['a', 'b'], texts: ['x', 'y'] }));
  });
});
