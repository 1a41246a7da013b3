/**
 * A fetch that gives up: on a server that does not begin to answer, and on one that stops in the middle of an answer.
 * Node's own waits minutes for both.
 */
export function patientFetch(limits: { firstAnswer: number; answer: number; silence: number }): typeof fetch {
  let reached = false;
  return async (input, init) => {
    const control = new AbortController();
    const patience = new Patience(control);
    patience.wait(reached ? limits.answer : limits.firstAnswer, 'no answer');
    try {
      const response = await fetch(input, { ...init, signal: control.signal });
      reached = true;
      patience.wait(limits.silence, 'the answer stopped coming');
      return watched(response, patience, limits.silence);
    } catch (error) {
      patience.end();
      throw error;
    }
  };
}

class Patience {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly control: AbortController) {}

  wait(seconds: number, complaint: string): void {
    clearTimeout(this.#timer);
    const giveUp = (): void => this.control.abort(new Error(`${complaint} for ${seconds} s`));
    this.#timer = setTimeout(giveUp, seconds * 1000).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function watched(response: Response, patience: Patience, silence: number): Response {
  if (response.body === null) {
    patience.end();
    return response;
  }
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, out) {
      patience.wait(silence, 'the answer stopped coming');
      out.enqueue(chunk);
    },
    flush: () => patience.end(),
  });
  const { status, statusText, headers, url } = response;
  const copy = new Response(response.body.pipeThrough(watch), { status, statusText, headers });
  // A Response of one's own making has no address, and the hub's client reads it.
  return Object.defineProperty(copy, 'url', { value: url });
}
