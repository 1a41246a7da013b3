import { describe, expect, it } from 'vitest';
import { auditPage } from '../../cli/data/audit-page.js';
import type { Audit } from '../../data/mining/audit.js';

const verdict = (guard: string, more: Partial<Audit['verdicts'][number]> = {}): Audit['verdicts'][number] => ({
  guard,
  dropped: 10,
  unjudged: 0,
  precision: null,
  recall: null,
  example: null,
  ...more,
});
const audit: Audit = {
  source: 'hq',
  negatives: 200,
  falseNegatives: null,
  candidates: null,
  verdicts: [verdict('same-text')],
  agreement: [],
};

describe('the page of an audit', () => {
  it('says how many negatives there are, and shows an example', () => {
    const example = { query: 'q', positive: 'p', negative: 'n\n  n' };
    expect(auditPage({ ...audit, verdicts: [verdict('same-text', { example })] }).split('\n')).toEqual([
      'hq: 200 negatives',
      'guard      leaves out  share',
      '─────────  ──────────  ─────',
      'same-text          10  5.0 %',
      '',
      'same-text leaves out',
      'query     q',
      'positive  p',
      'negative  n n',
    ]);
  });

  it('counts right answers, of what training sees and of what mining would take', () => {
    const page = auditPage({
      ...audit,
      falseNegatives: 3,
      candidates: { number: 400, rightAnswers: 100 },
      verdicts: [verdict('top-rank 5', { precision: 0.5, recall: 0.05, unjudged: 4 })],
    });
    expect(page.split('\n').slice(0, 5)).toEqual([
      'hq: 200 negatives, 3 of them right answers (1.5 %)',
      'without guards and from rank 1: 400 candidates, 100 of them right answers (25.0 %); of these',
      'guard       leaves out  share  precision  recall',
      '──────────  ──────────  ─────  ─────────  ──────',
      'top-rank 5          10  2.5 %      0.500   0.050',
    ]);
    expect(page).toMatch(/top-rank 5 could not judge 4 negatives/);
  });

  it('tells how guards agree: two in a line, more in a table', () => {
    const ab = { guards: ['a', 'b'] as const, share: 0.25 };
    expect(auditPage({ ...audit, agreement: [ab] })).toMatch(/\n\na and b agree on 25\.0 % of what either leaves out/);
    const page = auditPage({ ...audit, agreement: [ab, { guards: ['b', 'c'] as const, share: 1 }] });
    expect(page.split('\n').slice(-4)).toEqual([
      '───────────────────────────────────  ──────  ───────',
      '1 a',
      '2 b                                  25.0 %',
      '3 c                                  –       100.0 %',
    ]);
  });
});
