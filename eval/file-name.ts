/** A name as one part of a path, whatever a plan calls its sets: nothing is written outside the results. */
export function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '-');
}
