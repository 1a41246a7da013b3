import type { CommandModule } from 'yargs';
import type { Audit } from '../../data/mining/audit.js';
import { Fault } from '../../plan/fault.js';
import type { MiningGuardPlan } from '../../plan/guards.js';
import { readPlan } from '../../plan/read.js';
import type { RunPlan } from '../../plan/schema.js';
import { type DataArguments, dataArguments } from '../plan-arguments.js';
import { progress, say } from '../progress.js';
import { auditPage } from './audit-page.js';
import { readsHere } from './guards-backend.js';

interface AuditArguments extends DataArguments {
  truth: string | undefined;
  'truth-split': string;
  model: string | undefined;
}

/** `reasontune data audit PLAN`: what guards would do to the negatives that training will see. */
export const audit: CommandModule<object, AuditArguments> = {
  command: 'audit <plan>',
  describe: 'which negatives may be right answers: what each guard would leave out, and how guards agree',
  builder: (yargs) =>
    dataArguments(yargs)
      .option('truth', { describe: 'collection that knows all right answers', type: 'string', requiresArg: true })
      .option('truth-split', { describe: 'its split', type: 'string', default: 'truth', requiresArg: true })
      .option('model', {
        describe: 'whose scores positive-margin takes [that of data.mining where it had guards, else model.base]',
        type: 'string',
        requiresArg: true,
      })
      .example('$0 data audit my.yaml --truth concepts-20', 'with precision and recall'),
  handler: async ({ plan: file, set, truth: folder, 'truth-split': split, model, json }) => {
    const plan = readPlan(file, set);
    if (plan.data.negatives.per_query === 0) {
      throw new Fault(`Expected negatives in ${file}, got data.negatives.per_query 0. Set it to 1 or more.`);
    }
    const guards = guardsOf(plan);
    const { readSource } = await import('../../data/source.js');
    const { auditSource } = await import('../../data/mining/audit.js');
    const { readTruth } = await import('../../data/mining/truth.js');
    const truth = folder === undefined ? null : readTruth(folder, split);
    const { mining, negatives } = plan.data;
    const hadSay =
      negatives.from === 'mined' && mining && (mining.guards.length > 0 || mining.ranks[0] > 1) ? mining : null;
    const scoring = model ?? hadSay?.by.find((by) => by !== 'bm25') ?? plan.model.base;
    const by = mining?.by ?? [scoring];
    if (needsModel(guards, by) || (hadSay && by.some((name) => name !== 'bm25'))) {
      const { useBackend } = await import('../../tensor/backend.js');
      await useBackend(plan.backend);
    }
    const audits: Audit[] = [];
    for (const source of plan.data.sources) {
      const read = await readSource(source, plan.data, say);
      const mined = hadSay && { plan: hadSay, from: await readSource(source, withoutNegatives(plan.data), () => {}) };
      audits.push(
        await auditSource(read, { guards, model: scoring, by, truth, mined }, (what, done, of) =>
          progress(`${what}: ${done}/${of}`, done === of),
        ),
      );
    }
    console.log(json ? JSON.stringify({ sources: audits }) : audits.map(auditPage).join('\n\n'));
  },
};

function withoutNegatives(data: RunPlan['data']): RunPlan['data'] {
  return { ...data, negatives: { ...data.negatives, per_query: 0 } };
}

/** The plan's guards, mining's (the ranks that it skips among them) and the loss's; where it names none, the two that need nothing more. */
function guardsOf({ data: { mining }, loss }: RunPlan): MiningGuardPlan[] {
  const skip = (mining?.ranks[0] ?? 1) - 1;
  const named: MiningGuardPlan[] = [
    ...(skip > 0 ? [{ type: 'top-rank' as const, skip }] : []),
    ...(mining?.guards ?? []),
    ...(loss.type === 'infonce' ? loss.guards : []),
  ];
  const different = new Map(named.map((guard) => [JSON.stringify(guard), guard]));
  if (different.size > 0) return [...different.values()];
  return [{ type: 'same-text' }, { type: 'positive-margin', ratio: 0.95, margin: null, softness: null }];
}

function needsModel(guards: readonly MiningGuardPlan[], by: readonly string[]): boolean {
  const ranksByModel = by.some((name) => name !== 'bm25');
  return guards.some((guard) => {
    if (guard.type === 'top-rank') return ranksByModel;
    return guard.type === 'positive-margin' || guard.type === 'score-mask' || readsHere(guard);
  });
}
