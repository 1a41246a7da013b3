import type { FoundBy, FoundText } from '../protocol.js';
import { empty, h, labelled, select } from './dom.js';
import { fixed } from './format.js';
import { runPicker } from './pick.js';
import { server } from './server.js';
import type { View, Visit } from './view.js';

/** Puts one question to two models, and sets what they find side by side. */
export function searchView({ store, query, note }: Visit): View {
  let [a, b] = [query.get('a') ?? '', query.get('b') ?? 'bm25'];
  const setsOf = (id: string): readonly string[] => store.rows.get(id)?.sets ?? [];
  const sets = [...new Set([...setsOf(a), ...setsOf(b), ...[...store.rows.values()].flatMap((row) => row.sets)])];
  const set = select(
    sets.map((path) => [path, path] as const),
    query.get('set') ?? '',
    () => {},
  );
  const question = h('input', {
    type: 'search',
    value: query.get('question') ?? '',
    maxlength: 10000,
    required: true,
    placeholder: 'a question, in your own words',
  });
  const button = h('button', { type: 'submit', class: 'main' }, 'Ask');
  const status = h('p', { class: 'quiet', role: 'status' });
  const found = h('div', { class: 'found' });
  let asking: AbortController | undefined;

  const ask = async (): Promise<void> => {
    const models = [a, b].filter((model) => model !== '');
    note({ a, b, set: set.value, question: question.value });
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    found.replaceChildren();
    status.textContent = 'asking …';
    try {
      await server.search(
        { question: question.value, set: set.value, models },
        (line) => {
          if (mine.signal.aborted) return;
          if ('progress' in line) status.textContent = line.progress;
          else if ('fault' in line) status.textContent = line.fault;
          else {
            status.textContent = '';
            found.replaceChildren(...line.found.map((one, i) => columnOf(one, line.found[1 - i])));
          }
        },
        mine.signal,
      );
    } catch (error) {
      if (!mine.signal.aborted) status.textContent = (error as Error).message;
    }
  };
  const form = h(
    'form',
    {
      class: 'bar',
      onsubmit: (event) => {
        event.preventDefault();
        void ask();
      },
    },
    h('label', { class: 'field question' }, h('span', {}, 'Question'), question),
    runPicker(store, a, 'First model', (id) => (a = id), ['bm25']),
    runPicker(store, b, 'Second model', (id) => (b = id), ['bm25']),
    labelled('Documents', set),
    button,
  );
  return {
    title: 'Search',
    content: [
      h('h1', { class: 'unseen' }, 'Search'),
      form,
      sets.length === 0
        ? empty('No run here names a set to search in: ', h('code', {}, 'eval.sets'), ' of its plan does.')
        : null,
      status,
      found,
    ],
    leave: () => asking?.abort(),
  };
}

function columnOf({ system, hits }: FoundBy, other: FoundBy | undefined): HTMLElement {
  const place = (id: string): string => {
    if (!other) return '';
    const there = other.hits.findIndex((hit) => hit.id === id);
    return there < 0 ? 'only here' : `there ${there + 1}.`;
  };
  const one = ({ id, score, words, more }: FoundText): HTMLElement =>
    h(
      'li',
      {},
      h(
        'div',
        { class: 'hit' },
        h('code', {}, id),
        h('span', { class: 'score' }, fixed(score, 3)),
        h('span', { class: `quiet${place(id) === 'only here' ? ' alone' : ''}` }, place(id)),
      ),
      h(
        'p',
        {},
        more[0] && '… ',
        ...words.flatMap(({ text, marked }) => [marked ? h('mark', {}, text) : text, ' ']),
        more[1] && '…',
      ),
    );
  return h(
    'section',
    {},
    h('h2', {}, system),
    hits.length > 0 ? h('ol', {}, ...hits.map(one)) : empty('nothing found'),
  );
}
