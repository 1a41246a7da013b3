import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPairScorer } from '../../data/relevance/pair-scorer.js';
import { accuracy } from '../../eval/rag/accuracy.js';
import { holdsAnswer, isRight } from '../../eval/rag/answers.js';
import { entailmentLabel, judgeEntailment } from '../../eval/rag/entailment.js';
import { readGpqa } from '../../eval/rag/gpqa.js';
import { type Evidence, reportRag } from '../../eval/rag/rag.js';
import { readTasks, type Task, wordingOf } from '../../eval/rag/tasks.js';
import { useBackend } from '../../tensor/backend.js';
import { crossEncoderFixture, pairReference } from '../support/cross-encoder.js';
import { hasShared, shared } from '../support/shared.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reasontune-rag-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function file(...lines: unknown[]): string {
  const path = join(root, 'tasks.jsonl');
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  return path;
}

const choice: Task = { id: '1', question: 'q', choices: ['w', 'x', 'y', 'z'], right: 1, answers: ['x'] };
const short: Task = {
  id: '2',
  question: 'q',
  choices: [],
  right: null,
  answers: ['The Eiffel Tower', 'La tour Eiffel'],
};

describe('tasks', () => {
  it('are multiple choice by letter or place, or short answers', () => {
    const tasks = readTasks(
      file(
        { question: ' q ', choices: ['w', 'x', 'y', 'z'], answer: 'B', subject: 's' },
        { question: 'q', choices: ['no', 'yes'], answer: 1 },
        { question: 'q', answers: ['a', 'b'] },
        { question: 'q', answer: 'A' },
      ),
    );
    expect(tasks[0]).toEqual(choice);
    expect(tasks.map(({ answers }) => answers)).toEqual([['x'], ['yes'], ['a', 'b'], ['A']]);
    expect(wordingOf(choice)).toBe('q\nA. w\nB. x\nC. y\nD. z');
    expect(wordingOf(short)).toBe('q');
  });

  it.each<[string, unknown, RegExp]>([
    ['an answer beyond the choices', { question: 'q', choices: ['a', 'b'], answer: 'C' }, /2 choices .*:1, got C/],
    ['an answer that is no letter', { question: 'q', choices: ['a', 'b'], answer: 'yes' }, /:1, got another form/],
    ['no answer', { question: 'q' }, /:1, got another form/],
    ['no question', { answers: ['a'] }, /:1, got another form/],
  ])('refuse %s', (_what, line, message) => {
    expect(() => readTasks(file(line))).toThrow(message);
  });

  it('refuse an empty file, and stop at a limit', () => {
    expect(() => readTasks(file())).toThrow(/Expected questions/);
    expect(readTasks(file({ question: 'q', answer: 'a' }, { question: 'r', answer: 'b' }, 'rubbish'), 2)).toHaveLength(
      2,
    );
  });

  it.skipIf(!hasShared)('are MMLU’s as it is laid out', () => {
    const tasks = readTasks(shared('data', 'mmlu', 'test.jsonl'));
    expect(tasks).toHaveLength(14042);
    expect(new Set(tasks.map(({ choices }) => choices.length))).toEqual(new Set([4]));
  });
});

describe('GPQA’s questions', () => {
  const header = 'Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3';
  function csv(...lines: string[]): string {
    const path = join(root, 'gpqa.csv');
    writeFileSync(path, [header, ...lines].join('\n'));
    return path;
  }
  const lines = Array.from({ length: 40 }, (_, i) => `r${i},"Is it ""x"",\nor ${i}?",right ${i},w1,w2, w3 `);

  it('are read as published, each in an order of its own that the seed decides', () => {
    const tasks = readGpqa(csv(...lines), null, 17);
    expect(tasks).toHaveLength(40);
    for (const [i, { id, question, choices, right, answers }] of tasks.entries()) {
      expect([id, question, answers]).toEqual([`${i + 1}`, `Is it "x",\nor ${i}?`, [`right ${i}`]]);
      expect(choices[right!]).toBe(`right ${i}`);
      expect([...choices].sort()).toEqual([`right ${i}`, 'w1', 'w2', 'w3']);
    }
    const places = tasks.map(({ right }) => right);
    expect(new Set(places).size).toBe(4);
    expect(readGpqa(csv(...lines), null, 17)).toEqual(tasks);
    expect(readGpqa(csv(...lines), 3, 17)).toEqual(tasks.slice(0, 3));
    expect(readGpqa(csv(...lines), null, 18).map(({ right }) => right)).not.toEqual(places);
  });

  it.each<[string, string[], RegExp]>([
    ['a column without text', ['r,q,a,b,c,'], /text in the column Incorrect Answer 3 for .*gpqa\.csv:2, got none/],
    ['nothing', [], /Expected questions for/],
    ['a line with too few', ['r,q'], /Expected a CSV file with a header for .*gpqa\.csv, got /],
  ])('refuse %s', (_what, rows, message) => {
    expect(() => readGpqa(csv(...rows), null, 17)).toThrow(message);
  });

  it('refuse another file', () => {
    const path = join(root, 'other.csv');
    writeFileSync(path, 'a,b\n1,2\n');
    expect(() => readGpqa(path, null, 17)).toThrow(/the column Question/);
    expect(() => readGpqa(join(root, 'none.csv'), null, 17)).toThrow(/none\.csv, got ENOENT/);
  });
});

describe('an answer', () => {
  it.each([
    ['B', true],
    ['B.', true],
    [' (B) x', true],
    ['The answer is B', true],
    ['**B**', true],
    ['I think that A would be wrong.\nB', true],
    ['C', false],
    ['Both', null],
    ['', null],
    ['E', null],
  ])('%j to a choice is %s', (said, right) => {
    expect(isRight(said, choice)).toBe(right);
  });

  it('in short is right when it holds a right one, word for word', () => {
    expect(isRight('It is the Eiffel tower!', short)).toBe(true);
    expect(isRight('Eiffel', short)).toBe(false);
    expect(isRight(' ', short)).toBeNull();
    expect(holdsAnswer('near the Eiffel towers', short)).toBe(false);
    expect(holdsAnswer('… LA TOUR  Eiffel, Paris', short)).toBe(true);
    // Nothing is left of it, which any text would hold.
    expect(holdsAnswer('anything', { ...short, answers: ['the'] })).toBe(false);
  });
});

describe('entailment', () => {
  const evidence = (task: Task, ...texts: string[]): Evidence => ({
    task,
    passages: texts.map((text, i) => ({ id: `d${i}`, score: -i, text })),
    holds: false,
    entails: null,
  });

  it('is the best answer’s for a passage, and any passage’s for a question', async () => {
    const asked: [string, string][] = [];
    const scorer = {
      score: async (premise: string, statement: string) => {
        asked.push([premise, statement]);
        return { score: premise === 'far' ? 0.2 : statement.includes('La tour') ? 0.5 : 0.1 };
      },
    };
    const judged = await judgeEntailment(scorer, [evidence(short, 'far', 'near'), evidence(choice, 'near')], () => {});
    expect(judged.map(({ entails }) => entails)).toEqual([true, false]);
    expect(judged[0]!.passages.map(({ entailment }) => entailment)).toEqual([0.2, 0.5]);
    expect(asked).toContainEqual(['near', "The answer to the question 'q' is 'x'"]);
  });

  it('is an inference model’s probability of its label', async () => {
    await useBackend('torch');
    vi.stubEnv('REASONTUNE_CACHE', mkdtempSync(join(root, 'cache-')));
    const model = crossEncoderFixture('bert-nli');
    const scorer = await openPairScorer({ model, label: entailmentLabel, max_length: null });
    const [[first, second], [probabilities]] = [pairReference('bert-nli').pairs[0]!, pairReference('bert-nli').scores];
    expect((await scorer.score(first, second)).score).toBeCloseTo((probabilities as number[])[1]!, 5);
    scorer.dispose();
    await expect(
      openPairScorer({ model: crossEncoderFixture('bert'), label: entailmentLabel, max_length: null }),
    ).rejects.toThrow(/Expected a label of .*bert \(LABEL_0\), got entailment/);
    vi.unstubAllEnvs();
  });
});

describe('accuracy', () => {
  it('has Wilson’s interval', () => {
    // The roots in p of |share − p| = z √(p (1 − p) / n), found by bisection.
    const eight = accuracy(Array.from({ length: 10 }, (_, i) => i < 8));
    expect(eight).toMatchObject({ right: 8, of: 10, share: 0.8 });
    expect(eight.interval[0]).toBeCloseTo(0.4901624715366417, 9);
    expect(eight.interval[1]).toBeCloseTo(0.9433178485456247, 9);
    expect(accuracy(Array(5).fill(false)).interval[1]).toBeCloseTo(0.43448246478317476, 9);
  });

  it('is compared with closed-book, question by question, and told apart by evidence', () => {
    const said = (right: boolean | null) => ({ text: '', right });
    const one = (closed: boolean | null, retrieved: boolean | null, holds: boolean) => ({
      task: choice,
      passages: [],
      holds,
      entails: !holds,
      closed: said(closed),
      retrieved: said(retrieved),
    });
    const read = [...Array(6).fill(one(false, true, true)), one(true, true, false), one(null, null, false)];
    const report = reportRag(read);
    expect(report).toMatchObject({
      closed: { right: 1 },
      retrieved: { right: 7 },
      unread: { closed: 1, retrieved: 1 },
    });
    expect(report.difference).toBeCloseTo(0.75, 12);
    // Six differences of one sign: two of 2⁶ ways to flip them are as far.
    expect(report.test.p).toBeCloseTo(2 / 64, 12);
    expect(report.byEvidence).toMatchObject({ held: { right: 6, of: 6 }, notHeld: { right: 1, of: 2 } });
    expect(report.byEvidence).toMatchObject({ entailed: { right: 1, of: 2 }, notEntailed: { right: 6, of: 6 } });
    expect(reportRag([one(true, true, true)]).byEvidence.notHeld).toBeNull();
  });
});
