import { wordCount } from '../data/inspect/lengths.js';
import type { HardQueriesPlan } from '../plan/synthesis.js';
import type { Call } from './ask.js';
import { type Desk, judged } from './desk.js';
import type { Document } from './documents.js';
import { between } from './lengths.js';
import { questionFault } from './question-rules.js';
import { type Draft, leavingOut, type Outcome, type Piece, writtenBy } from './record.js';
import { hasControls } from './shown.js';
import * as turns from './turns.js';

/**
 * Asks a hard question about a document: it is held to rules, then to a second call, and gets its positive. Positives
 * that are graded candidates are found later.
 */
export async function askHardQuery(
  desk: Desk,
  hard: HardQueriesPlan,
  { id: source, text: document }: Document,
  share: number,
): Promise<Outcome<Draft>> {
  const id = `hq-${source}`;
  const calls: Call[] = [];
  const leaveOut = leavingOut(id, 'hq', calls);

  const asked = await desk.write(turns.question, { document });
  calls.push(asked.call);
  if (!asked.value) return leaveOut(`${asked.call.unusable} question`);
  const { question } = asked.value;
  const broken = questionFault(question, document, hard.overlap);
  if (broken) return leaveOut(broken, question);

  const checked = await desk.judge(turns.check, { question, document });
  calls.push(checked.call);
  const verdict = checked.value;
  if (!verdict) return leaveOut(`${checked.call.unusable} check`, question);
  if (!verdict.self_contained) return leaveOut('not self-contained', question);
  if (!verdict.needs_reasoning) return leaveOut('needs no reasoning', question);
  if (!verdict.answered) return leaveOut('not answered by its document', question);

  const positives: Piece[] = [];
  if (hard.positive === 'source') {
    positives.push({ text: document, origin: { from: 'document', document: source } });
  } else if (hard.positive === 'rewritten') {
    const words = between(hard.passage_words, share);
    const written = await desk.write(turns.passage, { question, document, words });
    calls.push(written.call);
    if (!written.value) return leaveOut(`${written.call.unusable} passage`, question);
    const { passage } = written.value;
    if (hasControls(passage)) return leaveOut('control tokens', question);
    const answers = await judged(desk, question, passage, calls);
    if (!(answers.grade !== null && answers.grade >= desk.plan.judging.answers_from)) {
      return leaveOut('its passage does not answer', question);
    }
    const lengths = { asked: words, got: wordCount(passage) };
    positives.push({
      text: passage,
      origin: { ...writtenBy(written.call), document: source, words: lengths, verdict: answers },
    });
  }
  const origin = { ...writtenBy(asked.call), document: source, check: checked.call.id };
  return { id, kind: 'hq', query: { text: question, origin }, positives, source, calls };
}
