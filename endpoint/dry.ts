import type { EndpointPlan } from '../plan/endpoint.js';
import { cacheFolder } from '../plan/places.js';
import { Answers } from './answers.js';
import { Endpoint } from './endpoint.js';
import { Failure } from './failure.js';
import { completion, type Writer } from './stand-in/reply.js';
import { readAsked } from './stand-in/stand-in.js';

/** Answers on disk that are read alone; new ones are remembered, so that what is asked twice counts once. */
class ReadAnswers extends Answers {
  readonly #made = new Map<string, unknown>();

  override find(call: string): unknown {
    return this.#made.get(call) ?? super.find(call);
  }

  override keep(call: string, _request: unknown, answer: unknown): void {
    this.#made.set(call, answer);
  }
}

/**
 * An endpoint that sends nothing and writes nothing: a writer answers, and {@link Endpoint.spent} says what the same work
 * would take at a server: requests, answers that are kept already, tokens at 4 bytes each, and their price. It has no
 * budget. What is asked after other answers is counted as after the writer's.
 *
 * @param folder of the answers that are kept
 */
export function dryEndpoint(plan: EndpointPlan, writer: Writer, folder: string = cacheFolder('answers')): Endpoint {
  const unbounded = { ...plan, budget: { requests: null, tokens: null, money: null } };
  const transport = {
    paced: false,
    send: async (path: string, body: Readonly<Record<string, unknown>>) => {
      if (path !== '/chat/completions') throw new Failure(`no estimate of ${path}`, { what: 'stop', paid: false });
      const asked = readAsked({ model: plan.model, ...body }, {});
      return completion(asked, { text: writer(asked.messages, asked.schema) });
    },
  };
  return new Endpoint(unbounded, { transport, answers: new ReadAnswers(folder) });
}
