import { h } from './dom.js';
import type { Store } from './server.js';

let lists = 0;

/** A box to name a run in, with all of them offered; `change` is called with what is a run, or one of `others`. */
export function runPicker(
  store: Store,
  chosen: string,
  label: string,
  change: (id: string) => void,
  others: readonly string[] = [],
): HTMLElement {
  const list = h(
    'datalist',
    { id: `runs-${++lists}` },
    ...[...others, ...[...store.rows.keys()].sort()].map((id) => h('option', { value: id })),
  );
  const input = h('input', {
    value: chosen,
    list: list.id,
    placeholder: 'name of a run',
    autocomplete: 'off',
    spellcheck: 'false',
    onchange: () => {
      const known = store.rows.has(input.value) || others.includes(input.value);
      input.setCustomValidity(known || input.value === '' ? '' : 'no run of this board');
      input.reportValidity();
      if (known) change(input.value);
    },
  });
  return h('label', { class: 'field wide' }, h('span', {}, label), input, list);
}
