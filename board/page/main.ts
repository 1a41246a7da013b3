import { compareView } from './compare-view.js';
import { empty, h } from './dom.js';
import { runView } from './run-view.js';
import { runsView } from './runs-view.js';
import { searchView } from './search-view.js';
import { Store } from './server.js';
import { sweepsView, sweepView } from './sweep-view.js';
import type { View, Visit } from './view.js';

const views: Readonly<Record<string, (visit: Visit) => View>> = {
  runs: runsView,
  run: runView,
  compare: compareView,
  sweeps: sweepsView,
  sweep: sweepView,
  search: searchView,
};
/** Which entry of the navigation a view belongs to. */
const within: Readonly<Record<string, string>> = { run: 'runs', sweep: 'sweeps' };

const place = document.getElementById('view') as HTMLElement;
let leave: (() => void) | undefined;
let showing = '';

const store = new Store((there) => {
  const status = document.getElementById('link') as HTMLElement;
  status.textContent = there ? 'live' : 'the server is gone; waiting for it';
  status.className = there ? 'there' : 'gone';
});

function show(): void {
  if (!store.loaded || showing === location.hash) return;
  const first = showing === '';
  showing = location.hash;
  const [, name = 'runs', search = ''] = /^#\/(\w+)(?:\?(.*))?$/.exec(location.hash) ?? [];
  const query = new URLSearchParams(search);
  leave?.();
  leave = undefined;
  const view = Object.hasOwn(views, name) ? views[name]?.({ store, query, note: noteIn(name, query) }) : undefined;
  const { title, content } = view ?? {
    title: 'Not found',
    content: [empty('There is no such view. ', h('a', { href: '#/runs' }, 'Runs'))],
  };
  leave = view?.leave;
  place.replaceChildren(...content.filter((part) => part !== null));
  document.title = `${title} · reasontune board`;
  for (const entry of document.querySelectorAll('nav a')) {
    const here = entry.getAttribute('href') === `#/${within[name] ?? name}`;
    if (here) entry.setAttribute('aria-current', 'page');
    else entry.removeAttribute('aria-current');
  }
  // A listener is taken to the new view; whoever has just opened the page stands at its top already.
  if (!first) {
    place.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function noteIn(name: string, query: URLSearchParams): Visit['note'] {
  return (changes) => {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === '') query.delete(key);
      else query.set(key, value);
    }
    const text = query.toString();
    showing = `#/${name}${text === '' ? '' : `?${text}`}`;
    history.replaceState(null, '', showing);
  };
}

addEventListener('hashchange', show);
const waiting = store.listen(() => {
  waiting();
  const folder = document.getElementById('folder') as HTMLElement;
  folder.textContent = store.folder;
  if (location.hash === '' || location.hash === '#view') history.replaceState(null, '', '#/runs');
  show();
});
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault();
  place.focus();
});
