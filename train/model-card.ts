import { stringify } from 'yaml';
import { planHash } from '../plan/hash.js';
import type { RunPlan } from '../plan/schema.js';

/** A checkpoint's README.md: a model card that the hub reads, with the plan that made it. */
export function modelCard(plan: RunPlan): string {
  const { pooling, pool_prompt, normalize, max_length: longest } = plan.model;
  const front = {
    base_model: plan.model.base,
    library_name: 'sentence-transformers',
    pipeline_tag: 'sentence-similarity',
  };
  const sources = plan.data.sources.map(({ name, kind, weight }) => `- ${name}: ${kind}, weight ${weight}`);
  return `---
${stringify(front)}tags: [sentence-transformers, retrieval, reasontune]
---
# ${plan.name}

A retriever fine-tuned from \`${plan.model.base}\` with reasontune (plan ${planHash(plan)}).

    from sentence_transformers import SentenceTransformer
    model = SentenceTransformer("path/to/this/folder")

${pooling} pooling${pool_prompt ? '' : ' without the prompt'}, ${normalize ? 'normalized, cosine similarity' : 'dot product'}; at most ${longest.query} tokens a query and ${longest.document} a document.

${trainedPart(plan)}Trained on:
${sources.join('\n')}

The whole plan:

${stringify(plan).trim().replace(/^/gm, '    ')}
`;
}

/** What of the model was trained, where that was not all of it. */
function trainedPart({ model: { lora, freeze } }: RunPlan): string {
  if (lora) {
    return `Trained with LoRA of rank ${lora.rank}: \`adapter/\` holds the adapter as PEFT does, this folder the model with it merged.\n\n`;
  }
  const frozen = [
    ...(freeze.embeddings ? ['embeddings'] : []),
    ...(freeze.layers > 0 ? [`first ${freeze.layers} layers`] : []),
  ];
  return frozen.length > 0 ? `Kept as they were: the ${frozen.join(' and the ')}.\n\n` : '';
}
