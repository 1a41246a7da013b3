// Every element of the page is made here. Texts go in as text nodes alone, so that nothing in data can be markup.

type Value = string | number | boolean | null | undefined | ((event: Event) => void);
export type Attributes = Readonly<Record<string, Value>>;
export type Child = Node | string | number | null | undefined | false;

/** An element: `h('a', { href: '#/runs' }, 'Runs')`. `onclick` and such listen; true sets an empty attribute. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for a part of a picture. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children)
    if (child !== null && child !== undefined && child !== false)
      element.append(child instanceof Node ? child : String(child));
  return element;
}

/** A control with its label before it. */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  return h('label', { class: 'field' }, h('span', {}, text), control);
}

/** A choice; `change` is called with what was chosen. */
export function select(
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
  change: (value: string) => void,
): HTMLSelectElement {
  const element = h(
    'select',
    { onchange: () => change(element.value) },
    ...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
  );
  return element;
}

/** What is said where there is nothing to show. */
export function empty(...children: readonly Child[]): HTMLElement {
  return h('p', { class: 'empty' }, ...children);
}

/** What could not be read, for whoever can mend it. */
export function notes(lines: readonly string[]): HTMLElement | null {
  if (lines.length === 0) return null;
  return h('ul', { class: 'notes', 'aria-label': 'Notes' }, ...lines.map((line) => h('li', {}, line)));
}
