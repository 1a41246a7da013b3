import { relu, type Tensor2D, tanh } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { gelu } from '../../tensor/gelu.js';
import { Shapes } from '../architectures/architecture.js';
import { Unsupported } from '../architectures/family.js';
import type { Layers } from '../architectures/layers.js';

/** What stands on an encoder's hidden states and makes labels' logits of them. */
export interface Head {
  /** Names and shapes of its weights. */
  readonly shapes: Shapes;
  /** Which hidden states it reads: those of the first token, or all on average. */
  readonly pooling: 'cls' | 'mean';
  /** pooled [pairs, hidden] → logits [pairs, labels], without the dropout of training. */
  forward(layers: Layers, pooled: Tensor2D): Tensor2D;
}

/** Makes a head for so wide hidden states and so many labels. @throws Unsupported a field of the config that cannot be honoured */
type MakeHead = (hidden: number, labels: number, config: Readonly<Record<string, unknown>>) => Head;

const pooler: MakeHead = (hidden, labels) => ({
  shapes: new Shapes().dense('pooler.dense', hidden, hidden).dense('classifier', hidden, labels),
  pooling: 'cls',
  forward: (at, x) => at.dense(tanh(at.dense(x, 'pooler.dense')), 'classifier'),
});

const denseTanh: MakeHead = (hidden, labels) => ({
  shapes: new Shapes().dense('classifier.dense', hidden, hidden).dense('classifier.out_proj', hidden, labels),
  pooling: 'cls',
  forward: (at, x) => at.dense(tanh(at.dense(x, 'classifier.dense')), 'classifier.out_proj'),
});

const denseRelu: MakeHead = (hidden, labels) => ({
  shapes: new Shapes().dense('pre_classifier', hidden, hidden).dense('classifier', hidden, labels),
  pooling: 'cls',
  forward: (at, x) => at.dense(relu(at.dense(x, 'pre_classifier')), 'classifier'),
});

const predictionFields = z.object({
  classifier_pooling: z.enum(['cls', 'mean']).default('cls'),
  classifier_bias: z.boolean().default(false),
  classifier_activation: z.literal('gelu').default('gelu'),
  norm_eps: z.number().positive().default(1e-5),
  norm_bias: z.boolean().default(false),
});

const prediction: MakeHead = (hidden, labels, config) => {
  const parsed = predictionFields.safeParse(config);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Unsupported(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { classifier_pooling: pooling, classifier_bias, norm_eps, norm_bias } = parsed.data;
  return {
    shapes: new Shapes()
      .dense('head.dense', hidden, hidden, { bias: classifier_bias })
      .norm('head.norm', hidden, { bias: norm_bias })
      .dense('classifier', hidden, labels),
    pooling,
    forward: (at, x) => at.dense(at.layerNorm(gelu(at.dense(x, 'head.dense')), 'head.norm', norm_eps), 'classifier'),
  };
};

// By the name that transformers' class has, as config.json's `architectures` says it.
const heads = {
  BertForSequenceClassification: pooler,
  RobertaForSequenceClassification: denseTanh,
  XLMRobertaForSequenceClassification: denseTanh,
  MPNetForSequenceClassification: denseTanh,
  DistilBertForSequenceClassification: denseRelu,
  ModernBertForSequenceClassification: prediction,
} as const satisfies Record<string, MakeHead>;

/** How transformers' class `name` makes its head. @throws Unsupported a class that is none of those known */
export function headOf(name: unknown): MakeHead {
  const known = Object.entries<MakeHead>(heads).find(([one]) => one === name)?.[1];
  if (known) return known;
  const names = Object.keys(heads).join(', ');
  const generates = typeof name === 'string' && name.endsWith('ForCausalLM');
  const why = generates ? ', which reranks by an instruction and a word that it writes' : '';
  throw new Unsupported(`architectures: ${JSON.stringify(name) ?? 'none'}${why}; cross-encoders are ${names}`);
}
