/** What became of a request that was not answered. */
export interface FailureKind {
  /**
   * `again`: may go well the next time. `busy`: the server wants fewer requests. `refused`: this request, and no other,
   * is not to its liking. `stop`: nothing will go well.
   */
  readonly what: 'again' | 'busy' | 'refused' | 'stop';
  /** How long the server says to wait. */
  readonly seconds?: number | undefined;
  /** Whether the server may have done the work, and count it. */
  readonly paid: boolean;
}

/** A request without an answer; its message ends "got …". */
export class Failure extends Error {
  constructor(
    got: string,
    readonly kind: FailureKind,
  ) {
    super(got);
  }
}

const again = new Set([408, 409, 500, 502, 504]);
const busy = new Set([429, 503, 529]);
// What is asked is too long, or not allowed: the protocol has no status of its own for either.
const refused = new Set([400, 413, 422]);

/** What a status other than 200 means. @param code the protocol's error code */
export function failedWith(status: number, text: string, code: unknown, seconds?: number): Failure {
  const got = `status ${status}: ${excerpt(text)}`;
  const what = again.has(status) ? 'again' : busy.has(status) ? 'busy' : refused.has(status) ? 'refused' : 'stop';
  // A status of "too many requests" that no waiting helps.
  const kind = code === 'insufficient_quota' ? 'stop' : what;
  return new Failure(got, { what: kind, seconds, paid: false });
}

export function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
