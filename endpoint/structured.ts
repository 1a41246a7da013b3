import { z } from 'zod';
import type { Tokens } from './budget.js';
import { type Answer, converse, type Message } from './chat.js';
import type { Endpoint } from './endpoint.js';
import { readings } from './json-in-text.js';
import { Refused } from './patience.js';

/** A value asked of a language model. */
export interface Wanted<T> {
  readonly messages: readonly Message[];
  /** Where the server holds the model to it, every property of an object must be required. */
  readonly schema: z.ZodType<T>;
  /** The most tokens that an answer may have. */
  readonly longest: number;
  readonly temperature?: number;
  /** From 0: another draw of the same question. */
  readonly attempt?: number;
}

/** What came of it. */
export interface Had<T> {
  /** Null where it could not be had: `why`. */
  readonly value: T | null;
  readonly why: 'malformed' | 'refused' | null;
  /** The hash of the last call, under which its answer is kept. */
  readonly call: string;
  /** Of all turns, when they were asked; null where the server does not say. */
  readonly tokens: Tokens | null;
}

// Of an answer that does not fit, so much is shown to the model again: one that repeats itself would fill its context.
const longestShown = 4000;

/**
 * Asks a language model for a value that a schema describes. Slips of JSON are repaired; an answer that does not fit is
 * sent back once with its fault. What cannot be had is counted in {@link Endpoint.spent}, and its answers are kept.
 *
 * @throws Fault as {@link Endpoint.post}
 */
export function askFor<T>(endpoint: Endpoint, wanted: Wanted<T>): Promise<Had<T>> {
  return endpoint.pace.admit(() => inTurns(endpoint, wanted));
}

async function inTurns<T>(endpoint: Endpoint, wanted: Wanted<T>): Promise<Had<T>> {
  const { schema, messages, ...rest } = wanted;
  const { form, format } = formOf(endpoint.plan.response_format ?? 'json_schema', schema);
  const first = form === null ? messages : withForm(messages, form);
  const answers: Answer[] = [];
  const turn = async (said: readonly Message[]): Promise<Read<T>> => {
    const answer = await converse(endpoint, { ...rest, messages: said, format, refusable: true });
    answers.push(answer);
    return readAs(schema, answer);
  };
  try {
    const read = await turn(first);
    const fits = read.value !== null || read.why === 'refused';
    return settled(
      endpoint,
      fits ? read : await turn([...first, ...withFault(answers[0]!, read.fault, form)]),
      answers,
    );
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    endpoint.countUnusable('refused');
    return { value: null, why: 'refused', call: error.call, tokens: sumOf(answers) };
  }
}

/** The turns that show a model what is wrong with its answer. */
function withFault({ text }: Answer, fault: string, form: object | null): Message[] {
  const again = form === null ? 'Answer again, with the JSON alone.' : inWords(form);
  return [
    { role: 'assistant', content: shown(text) },
    { role: 'user', content: `${fault}\n${again}` },
  ];
}

type Read<T> = { readonly value: T | null; readonly why: Had<T>['why']; readonly fault: string };

function readAs<T>(schema: z.ZodType<T>, answer: Answer): Read<T> {
  if (answer.ended === 'refused') return { value: null, why: 'refused', fault: '' };
  let fault: string | undefined;
  for (const reading of readings(answer.text, answer.ended === 'cut')) {
    const checked = schema.safeParse(reading);
    if (checked.success) return { value: checked.data, why: null, fault: '' };
    fault ??= `That answer does not fit:\n${z.prettifyError(checked.error)}`;
  }
  const unread = answer.ended === 'cut' ? 'That answer is too long and was cut off: be shorter.' : 'That is no JSON.';
  return { value: null, why: 'malformed', fault: fault ?? unread };
}

function settled<T>(endpoint: Endpoint, { value, why }: Read<T>, answers: readonly Answer[]): Had<T> {
  if (why !== null) endpoint.countUnusable(why);
  return { value, why, call: (answers.at(-1) as Answer).call, tokens: sumOf(answers) };
}

function sumOf(answers: readonly Answer[]): Tokens | null {
  return answers.reduce<Tokens | null>(
    (sum, { tokens }) => sum && tokens && { input: sum.input + tokens.input, output: sum.output + tokens.output },
    { input: 0, output: 0 },
  );
}

// A schema serves thousands of calls.
const forms = new WeakMap<z.ZodType, object>();

function jsonSchemaOf(schema: z.ZodType): object {
  const known = forms.get(schema);
  if (known) return known;
  const { $schema, ...form } = z.toJSONSchema(schema, {
    // OpenAI's strict mode knows no lengths of strings; the schema is held to them all the same.
    override: ({ jsonSchema }) => {
      delete jsonSchema.minLength;
      delete jsonSchema.maxLength;
    },
  });
  forms.set(schema, form);
  return form;
}

/** How the protocol is told of the form, and the form where the model must be told of it in words. */
function formOf(how: 'json_schema' | 'json_object' | 'text', schema: z.ZodType) {
  const form = jsonSchemaOf(schema);
  switch (how) {
    case 'json_schema':
      return { form: null, format: { type: how, json_schema: { name: 'answer', strict: true, schema: form } } };
    case 'json_object':
      return { form, format: { type: how } };
    case 'text':
      return { form, format: undefined };
  }
}

function inWords(form: object): string {
  return `Answer with JSON alone, by this JSON Schema:\n${JSON.stringify(form)}`;
}

/** The last message, with the form told below it. */
function withForm(messages: readonly Message[], form: object): Message[] {
  return messages.map(({ role, content }, i) =>
    i === messages.length - 1 ? { role, content: `${content}\n\n${inWords(form)}` } : { role, content },
  );
}

function shown(text: string): string {
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
