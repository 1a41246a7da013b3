import { describe, expect, it } from 'vitest';
import { gathered } from '../../data/relevance/gathered.js';

describe('requests that are gathered', () => {
  it('are worked on together, so many at a time, and later ones after them', async () => {
    const blocks: string[][] = [];
    const ask = gathered<string, string>(3, async (requests, answer) => {
      blocks.push([...requests]);
      await new Promise((next) => setImmediate(next));
      // From the last to the first: each is given its own.
      [...requests.keys()].reverse().forEach((place) => {
        answer(place, requests[place]!.toUpperCase());
      });
    });
    const first = Promise.all(['a', 'b', 'c', 'd'].map(ask));
    await new Promise((next) => setImmediate(next));
    const later = ask('e');
    expect(await first).toEqual(['A', 'B', 'C', 'D']);
    expect(await later).toBe('E');
    expect(await ask('f')).toBe('F');
    expect(blocks).toEqual([['a', 'b', 'c'], ['d', 'e'], ['f']]);
  });

  it('that fail are told so, answered ones aside, and the next are worked on', async () => {
    let broken = true;
    const ask = gathered<number, number>(2, async (requests, answer) => {
      answer(0, requests[0]!);
      if (broken) throw new Error('broken');
      answer(1, requests[1]!);
    });
    const said = await Promise.allSettled([1, 2, 3].map(ask));
    expect(said.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    broken = false;
    expect(await Promise.all([ask(4), ask(5)])).toEqual([4, 5]);
  });
});
