import { plainTable } from '../report/table.js';
import type { Estimate, Taken } from '../synth/estimate.js';
import { kindNames, whyFewer } from './data-card.js';

/** An estimate of a synthesis, for a terminal. */
export function estimateText(estimate: Estimate): string {
  const { turns, kinds, standIns, money } = estimate;
  const columns = ['turn', 'calls', 'answered before', 'tokens in', 'tokens out'].map((heading) => ({
    heading,
    digits: 0,
  }));
  const row = (turn: string, one: Taken) => [
    turn,
    one.calls,
    one.kept,
    one.tokens.input,
    one.tokens.output,
    ...(money === null ? [] : [one.money ?? 0]),
  ];
  const priced = money === null ? [] : [{ heading: 'money', digits: 2 }];
  const fewer = kinds.flatMap(({ kind, wanted, records, ended }) =>
    ended === 'complete' ? [] : [`${records} of ${wanted} ${kindNames[kind]}: ${whyFewer(kind, ended)}.`],
  );
  return [
    plainTable([...columns, ...priced], [...turns.map((one) => row(one.turn, one)), row('together', estimate)]),
    '',
    'Bytes / 4 as tokens, without what a model thinks; new answers are made up and taken for usable: what is left out and',
    'asked anew comes on top. What was answered before is taken off.',
    ...standIns.map((one) => `No encoder was loaded: ${one}.`),
    ...fewer,
    ...(money === null ? ['An endpoint has no price: no money.'] : []),
  ].join('\n');
}
