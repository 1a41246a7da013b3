import { Chance } from '../../data/concepts/chance.js';
import { conceptGraph } from '../../data/concepts/graph.js';
import { passage, statement } from '../../data/concepts/language.js';
import { hardQuery, longQuery, queryText } from '../../data/concepts/queries.js';
import { hashText } from '../../data/permutation.js';
import type { Message } from '../../endpoint/chat.js';
import type { Writer } from '../../endpoint/stand-in/reply.js';
import type { Prompts } from '../prompts.js';
import { promptReader, type ReadPrompt } from './read-prompt.js';
import { Truth } from './truth.js';

// How often the writer does what a language model does now and then.
const SPEAKS_OF_PASSAGE = 0.06;
const SHARES_WORDS = 0.06;
const TOO_SHORT = 0.15;
const FALSE_NEGATIVE = 0.15;
const WRONG_GRADE = 0.03;

/**
 * Writes in the place of a language model, from templates over the concepts of a generated benchmark. It knows the truth
 * that the benchmark is made of, which no model does: what is trained on its records shows that the chain works, and
 * nothing about how good a model's records are. It makes some of a model's mistakes on purpose; the same messages have
 * the same answer.
 */
export function cannedWriter({ concepts, seed }: { concepts: number; seed: number }, prompts: Prompts): Writer {
  const truth = new Truth(conceptGraph(concepts, seed));
  const read = promptReader(prompts);
  return (messages) => {
    // An answer that did not fit, sent back: the question is what it was before.
    const prompted = messages.map(({ content }) => read(content)).filter((one) => one !== null);
    const prompt = prompted.at(-1);
    if (!prompt) return JSON.stringify({ error: 'no prompt of a synthesis' });
    const chance = new Chance(seed, hashText(messages.map(({ content }: Message) => content).join('\n')));
    return JSON.stringify(answer(truth, prompt, prompted.at(-2), chance));
  };
}

function answer(truth: Truth, { name, values }: ReadPrompt, before: ReadPrompt | undefined, chance: Chance): object {
  const { graph } = truth;
  const { document = '', query = '', question = '', task = '' } = values;
  const words = Number(values.words);
  switch (name) {
    case 'quality':
      return { grade: truth.ofDocument(document) === null ? 1 : 3 + chance.below(3) };
    case 'question':
      return { question: questionAbout(truth, document, chance) };
    case 'check': {
      const answered = truth.ofQuery(question) !== null && truth.ofQuery(question) === truth.ofDocument(document);
      return { self_contained: true, needs_reasoning: true, answered };
    }
    case 'passage':
      return { passage: aboutConcept(truth, truth.ofDocument(document), words, chance) };
    case 'tasks':
      return { tasks: Array.from({ length: Number(values.number) }, () => taskOf(truth, chance)) };
    case 'query': {
      const short = chance.share() < TOO_SHORT;
      return { query: longQuery(graph[truth.ofQuery(task) ?? 0]!, short ? words / 2 : words, chance) };
    }
    case 'length': {
      if (before?.name === 'query') {
        return { query: longQuery(graph[truth.ofQuery(before.values.task ?? '') ?? 0]!, words, chance) };
      }
      return { document: aboutConcept(truth, truth.ofQuery(before?.values.query ?? ''), words, chance) };
    }
    case 'positive':
      return { document: aboutConcept(truth, truth.ofQuery(query), words, chance) };
    case 'negative':
      return { document: besideTheQuery(truth, truth.ofQuery(query), words, chance) };
    case 'grade':
      return { grade: gradeOf(truth, query, document, chance) };
  }
}

function questionAbout(truth: Truth, document: string, chance: Chance): string {
  const concept = truth.ofDocument(document) ?? 0;
  const slip = chance.share();
  const asked = hardQuery(truth.graph, concept, 0, chance);
  if (slip < SPEAKS_OF_PASSAGE) return `According to the passage: ${asked}`;
  if (slip < SPEAKS_OF_PASSAGE + SHARES_WORDS) return `Please, ${queryText(truth.graph, concept, 'easy', chance)}?`;
  return asked;
}

function taskOf({ graph }: Truth, chance: Chance): string {
  return `Find out what is behind ${chance.some(chance.pick(graph).signs, 3).join(', ')}.`;
}

/** A document that calls a concept by its names, as the benchmark's do. */
function aboutConcept({ graph }: Truth, concept: number | null, words: number, chance: Chance): string {
  const { names } = graph[concept ?? 0]!;
  const said = [chance.some(names, 4), chance.some(names, 3)].map((some) => statement(some, chance));
  return passage(said, words, chance);
}

/** About a concept that leads to the query's, with some of the query's signs; now and then about the query's own. */
function besideTheQuery(truth: Truth, concept: number | null, words: number, chance: Chance): string {
  const { from, signs } = truth.graph[concept ?? 0]!;
  if (chance.share() < FALSE_NEGATIVE) return aboutConcept(truth, concept, words, chance);
  const said = [
    statement(chance.some(truth.graph[chance.pick(from)]!.names, 4), chance),
    statement(chance.some(signs, 3), chance),
  ];
  return passage(said, words, chance);
}

function gradeOf(truth: Truth, query: string, document: string, chance: Chance): number {
  const [asked, about] = [truth.ofQuery(query), truth.ofDocument(document)];
  if (chance.share() < WRONG_GRADE) return chance.below(6);
  if (asked === null || about === null) return 0;
  if (asked === about) return 5;
  if (truth.graph[asked]!.from.includes(about)) return 2;
  return truth.hasSigns(document, asked) ? 1 : 0;
}
