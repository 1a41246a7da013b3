import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Refused } from './inside.js';

/**
 * What every answer says to the browser: nothing but our own files runs or is asked, nobody may frame the page, and no
 * other page may read an answer.
 */
export const headers: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

/**
 * Lets in what our own page asks, and who types the address.
 *
 * A page elsewhere can point its own name at this machine (DNS rebinding): its requests then carry that name as Host. So
 * Host has to be `localhost` or a number, which no DNS answer can stand behind. What another page asks has an Origin
 * that is not ours, or is marked as coming from another site.
 *
 * @throws Refused for all else
 */
export function checkVisitor({ headers: given }: Pick<IncomingMessage, 'headers'>, isPage: boolean): void {
  const { host = '', origin } = given;
  const name = hostName(host);
  if (name === null || !(name === 'localhost' || isIP(name) > 0)) {
    throw new Refused(
      403,
      `Expected localhost or an address of numbers as Host, got ${shown(host)}. Open the printed address.`,
    );
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Refused(
      403,
      `Expected a request of the board's own page, got one of ${shown(origin)}. Open the printed address.`,
    );
  }
  const site = given['sec-fetch-site'];
  if (!isPage && site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new Refused(
      403,
      'Expected a request of the board’s own page, got one of another site. Open the printed address.',
    );
  }
}

/** `localhost` of `localhost:7300`, `::1` of `[::1]:7300`. */
function hostName(host: string): string | null {
  return /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host)?.slice(1).find(Boolean)?.toLowerCase() ?? null;
}

function shown(value: string): string {
  return value === '' ? 'none' : JSON.stringify(value.slice(0, 80));
}
