import { z } from 'zod';

/** How vectors are searched: all of them, or by a graph of near neighbours, for millions of documents. */
export const vectorSearches = ['exact', 'approximate'] as const;
export const vectorSearch = z.enum(vectorSearches).default('exact');
export type VectorSearch = z.output<typeof vectorSearch>;
