import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Architecture } from '../../encoder/architectures/architecture.js';
import { Layers } from '../../encoder/architectures/layers.js';
import { readArchitecture } from '../../encoder/architectures/read.js';
import { pack } from '../../encoder/pack.js';
import { loadWeights, weightsOf } from '../../encoder/weights.js';
import { Fault } from '../../plan/fault.js';
import { useBackend } from '../../tensor/backend.js';
import { hasShared, shared } from '../support/shared.js';

interface Config {
  rope_parameters: Record<string, unknown>;
  [field: string]: unknown;
}

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-config-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function read(config: object): Architecture {
  const folder = mkdtempSync(join(scratch, 'model-'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return readArchitecture(folder);
}

// As their authors published them.
const published = {
  'bge-base-en-v1.5': {
    architectures: ['BertModel'],
    attention_probs_dropout_prob: 0.1,
    classifier_dropout: null,
    gradient_checkpointing: false,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    hidden_size: 768,
    id2label: { 0: 'LABEL_0' },
    initializer_range: 0.02,
    intermediate_size: 3072,
    label2id: { LABEL_0: 0 },
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    model_type: 'bert',
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 0,
    position_embedding_type: 'absolute',
    torch_dtype: 'float32',
    transformers_version: '4.30.0',
    type_vocab_size: 2,
    use_cache: true,
    vocab_size: 30522,
  },
  'distilbert-base-uncased': {
    activation: 'gelu',
    architectures: ['DistilBertForMaskedLM'],
    attention_dropout: 0.1,
    dim: 768,
    dropout: 0.1,
    hidden_dim: 3072,
    initializer_range: 0.02,
    max_position_embeddings: 512,
    model_type: 'distilbert',
    n_heads: 12,
    n_layers: 6,
    pad_token_id: 0,
    qa_dropout: 0.1,
    seq_classif_dropout: 0.2,
    sinusoidal_pos_embds: false,
    tie_weights_: true,
    transformers_version: '4.10.0.dev0',
    vocab_size: 30522,
  },
  'all-mpnet-base-v2': {
    _name_or_path: 'microsoft/mpnet-base',
    architectures: ['MPNetForMaskedLM'],
    attention_probs_dropout_prob: 0.1,
    bos_token_id: 0,
    eos_token_id: 2,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    hidden_size: 768,
    initializer_range: 0.02,
    intermediate_size: 3072,
    layer_norm_eps: 1e-5,
    max_position_embeddings: 514,
    model_type: 'mpnet',
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 1,
    relative_attention_num_buckets: 32,
    transformers_version: '4.8.2',
    vocab_size: 30527,
  },
  'ModernBERT-base': {
    architectures: ['ModernBertForMaskedLM'],
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: 50281,
    classifier_activation: 'gelu',
    classifier_bias: false,
    classifier_dropout: 0,
    classifier_pooling: 'mean',
    cls_token_id: 50281,
    decoder_bias: true,
    deterministic_flash_attn: false,
    embedding_dropout: 0,
    eos_token_id: 50282,
    global_attn_every_n_layers: 3,
    global_rope_theta: 160000,
    gradient_checkpointing: false,
    hidden_activation: 'gelu',
    hidden_size: 768,
    initializer_cutoff_factor: 2,
    initializer_range: 0.02,
    intermediate_size: 1152,
    layer_norm_eps: 1e-5,
    local_attention: 128,
    local_rope_theta: 10000,
    max_position_embeddings: 8192,
    mlp_bias: false,
    mlp_dropout: 0,
    model_type: 'modernbert',
    norm_bias: false,
    norm_eps: 1e-5,
    num_attention_heads: 12,
    num_hidden_layers: 22,
    pad_token_id: 50283,
    position_embedding_type: 'absolute',
    reference_compile: true,
    repad_logits_with_grad: false,
    sep_token_id: 50282,
    sparse_pred_ignore_index: -100,
    sparse_prediction: false,
    torch_dtype: 'float32',
    transformers_version: '4.47.0.dev0',
    vocab_size: 50368,
  },
  'ReasonIR-8B': {
    architectures: ['ReasonIRModel'],
    attention_bias: false,
    attention_dropout: 0,
    auto_map: { AutoModel: 'modeling_reasonir_8b.ReasonIRModel' },
    bos_token_id: 128000,
    eos_token_id: 128001,
    hidden_act: 'silu',
    hidden_size: 4096,
    id2label: { 0: 'LABEL_0' },
    initializer_range: 0.02,
    intermediate_size: 14336,
    label2id: { LABEL_0: 0 },
    max_position_embeddings: 131072,
    mlp_bias: false,
    model_type: 'llama',
    num_attention_heads: 32,
    num_hidden_layers: 32,
    num_key_value_heads: 8,
    pretraining_tp: 1,
    rms_norm_eps: 1e-5,
    rope_scaling: {
      factor: 8,
      high_freq_factor: 4,
      low_freq_factor: 1,
      original_max_position_embeddings: 8192,
      rope_type: 'llama3',
    },
    rope_theta: 500000,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
    transformers_version: '4.45.0',
    use_cache: false,
    vocab_size: 128256,
  },
  'e5-mistral-7b-instruct': {
    architectures: ['MistralModel'],
    bos_token_id: 1,
    eos_token_id: 2,
    hidden_act: 'silu',
    hidden_size: 4096,
    initializer_range: 0.02,
    intermediate_size: 14336,
    max_position_embeddings: 32768,
    model_type: 'mistral',
    num_attention_heads: 32,
    num_hidden_layers: 32,
    num_key_value_heads: 8,
    pad_token_id: 2,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    sliding_window: 4096,
    tie_word_embeddings: false,
    torch_dtype: 'float16',
    transformers_version: '4.34.0',
    use_cache: false,
    vocab_size: 32000,
  },
  'Qwen3-Embedding-0.6B': {
    architectures: ['Qwen3ForCausalLM'],
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: 151643,
    eos_token_id: 151643,
    head_dim: 128,
    hidden_act: 'silu',
    hidden_size: 1024,
    initializer_range: 0.02,
    intermediate_size: 3072,
    max_position_embeddings: 32768,
    max_window_layers: 28,
    model_type: 'qwen3',
    num_attention_heads: 16,
    num_hidden_layers: 28,
    num_key_value_heads: 8,
    rms_norm_eps: 1e-6,
    rope_scaling: null,
    rope_theta: 1000000,
    sliding_window: null,
    tie_word_embeddings: true,
    torch_dtype: 'bfloat16',
    transformers_version: '4.51.3',
    use_cache: true,
    use_sliding_window: false,
    vocab_size: 151669,
  },
} satisfies Record<string, object>;

// Millions of parameters, pooler and head left out.
const sizes: Record<keyof typeof published, number> = {
  'bge-base-en-v1.5': 108.9,
  'distilbert-base-uncased': 66.4,
  'all-mpnet-base-v2': 108.9,
  'ModernBERT-base': 149.0,
  'ReasonIR-8B': 7504.9,
  'e5-mistral-7b-instruct': 7110.7,
  'Qwen3-Embedding-0.6B': 595.8,
};

describe('a config.json of the hub', () => {
  it.each(Object.entries(published))('%s is read', (name, config) => {
    const { shapes } = read(config);
    const parameters = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(parameters / 1e6).toBeCloseTo(sizes[name as keyof typeof published], 1);
  });

  const {
    'Qwen3-Embedding-0.6B': qwen3,
    'ReasonIR-8B': llama,
    'ModernBERT-base': modern,
    'all-mpnet-base-v2': mpnet,
  } = published;
  it.each([
    ['another scaling', { ...llama, rope_scaling: { rope_type: 'yarn', factor: 4 } }, /rope_scaling\.rope_type/],
    ['half a scaling', { ...llama, rope_scaling: { rope_type: 'llama3', factor: 8 } }, /low_freq_factor is missing/],
    ['half of each head turned', { ...qwen3, partial_rotary_factor: 0.5 }, /partial_rotary_factor/],
    [
      'an unknown part of the scaling',
      { ...llama, rope_scaling: { ...llama.rope_scaling, mscale: 2 } },
      /rope_scaling: .*mscale/,
    ],
    ['quantized weights', { ...llama, quantization_config: { bits: 4 } }, /quantization_config: it is not known/],
    ['capped scores', { ...qwen3, attn_logit_softcapping: 50 }, /attn_logit_softcapping: it is not known/],
    ['another activation', { ...llama, hidden_act: 'gelu' }, /hidden_act/],
    ['another gate', { ...modern, hidden_activation: 'silu' }, /hidden_activation/],
    ['other buckets', { ...mpnet, relative_attention_num_buckets: 64 }, /relative_attention_num_buckets/],
    [
      'heads that do not divide',
      { ...llama, num_key_value_heads: 5 },
      /num_attention_heads 32 is not a multiple of num_key_value_heads 5/,
    ],
    ['no object', [], /no JSON object/],
  ])('is refused by name: %s', (_, config, message) => {
    expect(() => read(config)).toThrow(Fault);
    expect(() => read(config)).toThrow(message);
  });

  it('may hold what asks for nothing', () => {
    expect(() => read({ ...qwen3, attn_logit_softcapping: null, some_new_feature: false })).not.toThrow();
  });

  it("says a decoder's attention as transformers 5 does", () => {
    expect(read(qwen3).attention).toBe('causal');
    expect(read({ ...qwen3, is_causal: false }).attention).toBe('bidirectional');
  });
});

describe.skipIf(!hasShared)('transformers 4 and 5 write the same model differently', () => {
  beforeAll(() => useBackend('torch'));

  /** The hidden states of one text by a fixture's weights and another config. */
  function hidden(name: string, change: (config: Config) => object): Float32Array {
    const folder = shared('models', name);
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Config;
    const architecture = read(change(config));
    const { weights: parameters } = loadWeights(folder, architecture.shapes);
    const text = Int32Array.from({ length: 20 }, (_, i) => 7 * i + 3);
    const states = architecture.forward(new Layers(weightsOf(parameters)), pack([text], 0), architecture.attention);
    const values = states.dataSync() as Float32Array;
    for (const t of [states, ...parameters.map((p) => p.tensor)]) t.dispose();
    return values;
  }

  it.each([
    [
      'tiny-llama',
      ({ rope_parameters: { rope_theta, rope_type, ...scaling }, ...config }: Config) => ({
        ...config,
        rope_theta,
        rope_scaling: { type: rope_type, ...scaling },
      }),
    ],
    [
      'tiny-qwen3',
      ({ rope_parameters: { rope_theta }, ...config }: Config) => ({
        ...config,
        rope_theta,
        rope_scaling: null,
      }),
    ],
    [
      'tiny-modernbert',
      ({ rope_parameters: _, layer_types: __, ...config }: Config) => ({
        ...config,
        global_rope_theta: 160000,
        local_rope_theta: 10000,
      }),
    ],
  ] as const)('%s', (name, older) => {
    expect(hidden(name, older)).toEqual(hidden(name, (config) => config));
    // The comparison can fail: the angles are read from where they are written.
    const theta = name === 'tiny-modernbert' ? 'global_rope_theta' : 'rope_theta';
    expect(hidden(name, (config) => ({ ...older(config), [theta]: 77 }))).not.toEqual(hidden(name, older));
  });
});
