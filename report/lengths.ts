import { writeChart } from './chart.js';
import { family, ink, options, palette, tint } from './look.js';

/** The lengths of one kind of text: how many lie in each range; all histograms begin with the same ranges. */
interface Histogram {
  readonly name: string;
  readonly bins: readonly { readonly range: string; readonly count: number }[];
}

/** Draws the lengths of sources' texts into `<prefix>.png` and `<prefix>.svg`: the share of each kind's texts in a range. */
export function writeLengths(
  prefix: string,
  title: string,
  histograms: readonly Histogram[],
): { png: string; svg: string } {
  const longest = histograms.reduce((a, b) => (b.bins.length > a.bins.length ? b : a));
  const labels = longest.bins.map(({ range }) => range);
  const look = options({ title, subtitle: 'share of the texts in each range of lengths', x: 'words', y: 'percent' });
  return writeChart(
    prefix,
    () => ({
      type: 'bar',
      data: {
        labels,
        datasets: histograms.map(({ name, bins }, i) => {
          const all = bins.reduce((sum, { count }) => sum + count, 0);
          const colour = palette[i % palette.length] ?? ink.strong;
          return {
            label: name,
            data: labels.map((_, b) => (100 * (bins[b]?.count ?? 0)) / Math.max(1, all)),
            backgroundColor: tint(colour, 0.85),
            categoryPercentage: 0.86,
            barPercentage: 0.96,
          };
        }),
      },
      options: {
        ...look,
        plugins: {
          ...look.plugins,
          legend: {
            display: true,
            position: 'top',
            align: 'start',
            labels: { color: ink.text, font: { family, size: 11 }, boxWidth: 10, boxHeight: 10 },
          },
        },
      },
    }),
    { width: 860, height: 400 },
  );
}
