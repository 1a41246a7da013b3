// A string, or a number outside of strings.
const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const mark = '\\u0001';

/**
 * Changes the top level of a JSON object's text. Numbers stay as they were written: transformers 5 refuses 2 where it
 * expects 2.0, and JavaScript does not know the difference.
 */
export function changeJson(text: string, change: (object: Record<string, unknown>) => object): string {
  const marked = text.replace(token, (found) => (found.startsWith('"') ? found : `"${mark}${found}"`));
  const changed = JSON.stringify(change(JSON.parse(marked) as Record<string, unknown>), null, 2);
  return changed.replace(/"\\u0001([^"]*)"/g, '$1');
}
