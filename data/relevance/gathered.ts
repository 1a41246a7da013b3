interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Lets single requests be worked on together: those made in one turn of the event loop, at most so many at a time, and those
 * made meanwhile after them.
 *
 * @param work gives each request its answer by `answer(place, …)`, as soon as it has one; what it throws, all that wait
 * for an answer hear
 */
export function gathered<Request, Answer>(
  most: number,
  work: (requests: readonly Request[], answer: (place: number, answer: Answer) => void) => Promise<void>,
): (request: Request) => Promise<Answer> {
  const waiting: Waiting<Request, Answer>[] = [];
  let working = false;
  const workAll = async (): Promise<void> => {
    let taken: Waiting<Request, Answer>[] = [];
    try {
      while (waiting.length > 0) {
        taken = waiting.splice(0, most);
        const requests = taken.map(({ request }) => request);
        await work(requests, (place, answer) => taken[place]?.resolve(answer));
      }
    } catch (error) {
      // Those that were answered do not hear of it any more.
      for (const { reject } of [...taken, ...waiting.splice(0)]) reject(error);
    } finally {
      working = false;
    }
  };
  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      if (working) return;
      working = true;
      setImmediate(() => void workAll());
    });
}
