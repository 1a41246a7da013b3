/**
 * What all come to, once all have ended: the first that failed is thrown when none is under way any more, so that what
 * was answered meanwhile is kept.
 */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return Promise.all(work);
}
