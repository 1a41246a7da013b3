import type { Store } from './server.js';

/** What a view is given: the runs, and the part of the address after "?". */
export interface Visit {
  readonly store: Store;
  readonly query: URLSearchParams;
  /** Changes the address's part without leaving the view; null takes a key away. */
  readonly note: (changes: Readonly<Record<string, string | null>>) => void;
}

/** A view: what stands in the page, its title, and what is to be undone when it is left. */
export interface View {
  readonly title: string;
  readonly content: readonly (HTMLElement | null)[];
  readonly leave?: () => void;
}

/** The address of a view. */
export function link(view: string, query: Readonly<Record<string, string | null | undefined>> = {}): string {
  const given = Object.entries(query).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
  );
  return `#/${view}${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`;
}

/** Goes to a view; its address can be gone back from. */
export function goTo(view: string, query: Readonly<Record<string, string | null | undefined>> = {}): void {
  location.hash = link(view, query);
}
