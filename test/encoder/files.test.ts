import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEncoder } from '../../encoder/encoder.js';
import { readSafetensors, writeSafetensors } from '../../encoder/safetensors.js';
import { readSettings } from '../../encoder/settings.js';
import { loadTokenizer } from '../../encoder/tokenizer.js';
import { Fault } from '../../plan/fault.js';
import { useBackend } from '../../tensor/backend.js';
import { writeTinyModel } from '../support/tiny.js';

let scratch: string;
let model: string;
beforeAll(async () => {
  await useBackend('wasm');
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-files-'));
  model = writeTinyModel(join(scratch, 'model'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** A copy of the tiny model with one JSON file changed. */
function changed(name: string, file: string, change: (json: Record<string, unknown>) => object): string {
  const folder = join(scratch, name);
  cpSync(model, folder, { recursive: true });
  const path = join(folder, file);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
  return folder;
}

/** A safetensors file from raw parts. */
function raw(header: unknown, values: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, values]);
}

describe('safetensors', () => {
  it('reads back what it wrote', () => {
    const file = join(scratch, 'a.safetensors');
    const tensors = new Map([
      ['w', { shape: [2, 3], values: Float32Array.from([1, -2, 3.5, 1e-30, Number.NaN, Number.POSITIVE_INFINITY]) }],
      ['empty', { shape: [0], values: new Float32Array(0) }],
    ]);
    writeSafetensors(file, tensors);
    expect(readSafetensors(file)).toEqual(tensors);
  });

  it('widens float16 and bfloat16 exactly', () => {
    const file = join(scratch, 'half.safetensors');
    // float16 1, -2, 2^-24 (the smallest), infinity; bfloat16 1, -2.
    const halves = Uint16Array.from([0x3c00, 0xc000, 0x0001, 0x7c00, 0x3f80, 0xc000]);
    const header = {
      f: { dtype: 'F16', shape: [4], data_offsets: [0, 8] },
      b: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
      ids: { dtype: 'I64', shape: [0], data_offsets: [12, 12] },
    };
    writeFileSync(file, raw(header, new Uint8Array(halves.buffer)));
    const read = readSafetensors(file);
    expect([...(read.get('f')?.values ?? [])]).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY]);
    expect([...(read.get('b')?.values ?? [])]).toEqual([1, -2]);
    expect(read.has('ids')).toBe(false);
  });

  it.each([
    ['missing', null, /found none/],
    ['four bytes', Buffer.alloc(4), /got 4 bytes/],
    ['another format', Buffer.from('PK\u0003\u0004 this is a zip file, not weights'), /another format/],
    ['header cut short', raw({ w: 1 }, new Uint8Array(0)).subarray(0, 12), /cut short/],
    ['header no JSON', Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('abc')]), /not JSON/],
    [
      'values cut short',
      raw({ w: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } }, new Uint8Array(8)),
      /tensor w .*cut short/,
    ],
    [
      'sizes that disagree',
      raw({ w: { dtype: 'F32', shape: [5], data_offsets: [0, 16] } }, new Uint8Array(16)),
      /Expected 20 bytes for tensor w/,
    ],
    [
      'unknown dtype',
      raw({ w: { dtype: 'X9', shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4)),
      /dtype for tensor w .* got X9/,
    ],
    [
      'mislabelled entry',
      raw({ w: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, new Uint8Array(4)),
      /tensor w/,
    ],
  ])('refuses a file: %s', (name, bytes, message) => {
    const file = join(scratch, `${name}.safetensors`);
    if (bytes) writeFileSync(file, bytes);
    expect(() => readSafetensors(file)).toThrow(Fault);
    expect(() => readSafetensors(file)).toThrow(message);
  });

  it('throws nothing but a Fault, whatever the bytes', () => {
    const file = join(scratch, 'fuzz.safetensors');
    const good = raw(
      { w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] }, v: { dtype: 'F16', shape: [1], data_offsets: [8, 10] } },
      new Uint8Array(10),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(good.length),
        (edits, end) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of edits) bytes[at] = value;
          writeFileSync(file, bytes.subarray(0, end));
          try {
            readSafetensors(file);
          } catch (error) {
            if (!(error instanceof Fault)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a model folder', () => {
  it.each([
    ['another architecture', { model_type: 't5' }, /model_type/],
    ['another activation', { hidden_act: 'relu' }, /hidden_act/],
    ['relative positions', { position_embedding_type: 'relative_key' }, /position_embedding_type/],
    ['a decoder', { is_decoder: true }, /is_decoder/],
    ['heads that do not divide', { num_attention_heads: 3 }, /multiple of num_attention_heads/],
    ['more layers than weights', { num_hidden_layers: 5 }, /weight encoder\.layer\.2.* and \d+ more/],
    ['another width', { intermediate_size: 33 }, /shape \[33,16\].* got \[32,16\]/],
    ['a smaller vocabulary', { vocab_size: 40 }, /token ids below 40.*ids up to 56/],
  ])('is refused by name: %s', (name, change, message) => {
    const folder = changed(`config ${name}`, 'config.json', (json) => ({ ...json, ...change }));
    expect(() => loadEncoder(folder)).toThrow(Fault);
    expect(() => loadEncoder(folder)).toThrow(message);
  });

  it('is refused without a tokenizer, or with something else in its place', () => {
    const folder = changed('no tokenizer', 'tokenizer.json', () => ({ hello: 1 }));
    expect(() => loadEncoder(folder)).toThrow(/vocabulary in .*tokenizer\.json/);
    rmSync(join(folder, 'tokenizer.json'));
    expect(() => loadEncoder(folder)).toThrow(/tokenizer\.json, found none/);
    writeFileSync(join(folder, 'tokenizer.json'), '{"model": ');
    expect(() => loadEncoder(folder)).toThrow(/Expected JSON/);
  });

  it('has its settings read as sentence-transformers writes them', () => {
    const folder = join(scratch, 'settings');
    cpSync(model, folder, { recursive: true });
    expect(readSettings(folder)).toEqual({
      pooling: 'mean',
      attention: 'bidirectional',
      pool_prompt: true,
      normalize: false,
      max_length: { query: 32, document: 32 },
      prompt: { query: '', document: '' },
    });
    const part = (type: string, path: string) => ({ type: `sentence_transformers.models.${type}`, path });
    const modules = [part('Transformer', ''), part('Pooling', 'pool'), part('Normalize', '2')];
    cpSync(model, join(folder, 'pool'), { recursive: true });
    writeFileSync(join(folder, 'modules.json'), JSON.stringify(modules));
    writeFileSync(
      join(folder, 'pool', 'config.json'),
      JSON.stringify({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }),
    );
    writeFileSync(join(folder, 'sentence_bert_config.json'), JSON.stringify({ max_seq_length: 20 }));
    writeFileSync(
      join(folder, 'config_sentence_transformers.json'),
      JSON.stringify({ prompts: { query: 'Q: ', passage: 'P: ' } }),
    );
    expect(readSettings(folder)).toEqual({
      pooling: 'cls',
      attention: 'bidirectional',
      pool_prompt: true,
      normalize: true,
      max_length: { query: 20, document: 20 },
      prompt: { query: 'Q: ', document: 'P: ' },
    });
    writeFileSync(join(folder, 'modules.json'), JSON.stringify([...modules, part('Dense', '3')]));
    expect(() => readSettings(folder)).toThrow(/got Dense/);
  });
});

describe('the tokenizer', () => {
  it('cuts a long text and keeps its special tokens', () => {
    const tokenizer = loadTokenizer(model, 57);
    const whole = tokenizer.encode('abcdefgh', 32);
    expect(whole).toHaveLength(10);
    expect([whole[0], whole.at(-1)]).toEqual([2, 3]);
    expect([...tokenizer.encode('abcdefgh', 5)]).toEqual([...whole.slice(0, 4), 3]);
    expect([...tokenizer.encode('', 5)]).toEqual([2, 3]);
  });

  it.each([
    ['before', ['<s>', 'A'], [9, 0, 1, 2]],
    ['after', ['A', '<s>'], [0, 1, 2, 9]],
    ['nowhere', ['A'], [0, 1, 2, 3]],
  ])("cuts as a decoder's byte pairs want, with special tokens %s", (where, template, cut) => {
    const folder = join(scratch, `byte pairs ${where}`);
    cpSync(model, folder, { recursive: true });
    const letters = Object.fromEntries([...'abcdefgh'].map((letter, id) => [letter, id]));
    const part = (id: string) => (id === 'A' ? { Sequence: { id, type_id: 0 } } : { SpecialToken: { id, type_id: 0 } });
    const tokenizer = {
      version: '1.0',
      added_tokens: [
        { id: 9, content: '<s>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
      ],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: {
        type: 'TemplateProcessing',
        single: template.map(part),
        pair: [],
        special_tokens: { '<s>': { id: '<s>', ids: [9], tokens: ['<s>'] } },
      },
      decoder: null,
      model: { type: 'BPE', vocab: { ...letters, ab: 8 }, merges: [['a', 'b']] },
    };
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    const { encode, after } = loadTokenizer(folder, 57);
    expect(after).toBe(where === 'after' ? 1 : 0);
    expect([...encode('bcdefgh', 4)]).toEqual(cut.map((id) => (id === 9 ? 9 : id + 1)));
    expect(encode('ab', 4)).toHaveLength(template.length);
  });
});
