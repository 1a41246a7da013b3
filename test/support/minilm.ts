import { fetchModel } from '../../encoder/fetch/fetch-model.js';

/** all-MiniLM-L6-v2, from wherever this machine can get it. */
export function miniLM(): Promise<string> {
  return fetchModel('sentence-transformers/all-MiniLM-L6-v2');
}
