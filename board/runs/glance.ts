import { parse } from 'yaml';

/** A plan's hash, and its values as texts by their dotted paths; a path through a list has one for each item. */
export interface Glance {
  readonly hash: string;
  values(path: string): readonly string[];
}

/**
 * The values of a plan.yaml that `train` wrote, a line each, without reading it as YAML: a
 * table of a thousand runs needs a few of each. What stands in another form is passed over.
 */
export function glanceAt(text: string): Glance {
  const values = new Map<string, string[]>();
  const path: { indent: number; key: string }[] = [];
  for (const line of text.split('\n')) {
    const [, blanks = '', dash = '', key, value = ''] = /^( *)(- )?([\w-]+):(?: (.*))?$/.exec(line) ?? [];
    if (key === undefined) continue;
    const indent = blanks.length + dash.length;
    while (path.length > 0 && path.at(-1)!.indent >= indent) path.pop();
    if (value === '') path.push({ indent, key });
    else {
      const dotted = [...path.map((one) => one.key), key].join('.');
      values.set(dotted, [...(values.get(dotted) ?? []), scalar(value)]);
    }
  }
  return { hash: /^# hash: ([0-9a-f]{12})$/m.exec(text)?.[1] ?? '', values: (dotted) => values.get(dotted) ?? [] };
}

/** A value on one line; only what is quoted needs YAML's rules. */
function scalar(value: string): string {
  if (!/^['"]/.test(value)) return value;
  if (/^'[^']*'$|^"[^"\\]*"$/.test(value)) return value.slice(1, -1);
  try {
    return String(parse(value));
  } catch {
    return value;
  }
}
