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

Trained on:
${sources.join('\n')}

The whole plan:

${stringify(plan).trim().replace(/^/gm, '    ')}
`;
}
