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
  const open: { readonly indent: number; readonly path: string }[] = [];
  for (const line of text.split('\n')) {
    const [, margin = '', key, value = ''] = /^( *(?:- )?)([\w-]+):(?: (.*))?$/.exec(line) ?? [];
    if (key === undefined) continue;
    while (open.length > 0 && open.at(-1)!.indent >= margin.length) open.pop();
    const above = open.at(-1);
    const path = above ? `${above.path}.${key}` : key;
    const before = values.get(path);
    if (value === '') open.push({ indent: margin.length, path });
    else if (before) before.push(scalar(value));
    else values.set(path, [scalar(value)]);
  }
  return { hash: /^# hash: ([0-9a-f]{12})$/m.exec(text)?.[1] ?? '', values: (dotted) => values.get(dotted) ?? [] };
}

/** A value on one line, out of its quotes. What `train` puts between double ones, JSON reads, too. */
function scalar(value: string): string {
  if (/^'.*'$/.test(value)) return value.slice(1, -1).replaceAll("''", "'");
  if (!/^".*"$/.test(value)) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
