import { bulkOf, type Cut, cutsOf, extentOf, type Range, reachOf } from '../../report/charts/reach.js';
import type { Line } from './chart.js';
import { s } from './dom.js';
import { extent } from './scale.js';

type Place = { readonly x: number; readonly y: number | null };

/** A line's own points, and the average that is drawn of them: of a handful of steps none, it says nothing that they do not. */
export function placesOf({ x, y, smooth }: Line): { own: Place[]; average: readonly Place[] } {
  return { own: x.map((at, i) => ({ x: at, y: y[i] ?? null })), average: smooth.length < 8 ? [] : smooth };
}

/** How far the axis of some lines' values reaches, as in the pictures of `plot`: spikes of what is averaged are cut off. */
export function reachOfLines(lines: readonly Line[]): Range | null {
  const drawn = lines.flatMap(({ y, smooth }) => [...y, ...smooth.map((point) => point.y)]);
  const bulks = lines.map((line) => (placesOf(line).average.length > 0 ? bulkOf(line.y, true) : extentOf(line.y)));
  const found = reachOf(drawn, bulks);
  return found && extent(found);
}

/** Where the lines leave the picture. */
export function cutsOfLines(lines: readonly Line[], range: Range, apart: number): (Cut & { colour: number })[] {
  return lines.flatMap((line) => {
    const { own, average } = placesOf(line);
    const all = [...own, ...average].sort((a, b) => a.x - b.x);
    return cutsOf(all, range, apart).map((cut) => ({ ...cut, colour: line.colour }));
  });
}

/** A triangle at the upper or lower edge. */
export function triangle(x: number, edge: number, { above, colour }: { above: boolean; colour: number }): SVGElement {
  return s('path', {
    class: `cut c${colour}`,
    d: `M${x.toFixed(1)},${edge}l-4.5,0l4.5,${above ? -8 : 8}l4.5,${above ? 8 : -8}z`,
  });
}
