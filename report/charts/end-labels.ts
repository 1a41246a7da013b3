import type { Plugin } from 'chart.js';
import { ink, type lineLook } from './look.js';
import { font } from './text.js';

/** A line's name, how the line looks, and where its last point lies. */
export interface EndLabel {
  readonly name: string;
  readonly look: ReturnType<typeof lineLook>;
  readonly end: { readonly x: number; readonly y: number } | undefined;
}

/** From one label's middle to the next. */
export const labelHeight = 15;

/** What stands between the chart and the names: a leader and a piece of the line. */
export const labelIndent = 58;

/**
 * Writes each line's name at the right of the chart, with a piece of the line before it and a thin leader from where the
 * line ends. Names are moved apart where lines end close together.
 */
export function endLabels(labels: readonly EndLabel[]): Plugin {
  return {
    id: 'end-labels',
    afterDatasetsDraw({ ctx, scales: { x, y }, chartArea }) {
      if (!x || !y) return;
      const placed = labels
        .flatMap(({ end, ...label }) => {
          if (!end) return [];
          const [left, top] = [x.getPixelForValue(end.x), y.getPixelForValue(end.y)];
          return [{ ...label, left, from: Math.min(chartArea.bottom, Math.max(chartArea.top, top)), top }];
        })
        .sort((a, b) => a.top - b.top);
      // Down from the top, then up from the bottom: no two overlap and all stay beside the chart.
      let free = chartArea.top + 4;
      for (const label of placed) {
        label.top = Math.max(label.top, free);
        free = label.top + labelHeight;
      }
      free = chartArea.bottom;
      for (const label of placed.toReversed()) {
        label.top = Math.min(label.top, free);
        free = label.top - labelHeight;
      }
      ctx.save();
      ctx.font = font(11);
      ctx.textBaseline = 'middle';
      const right = chartArea.right;
      for (const { name, look, left, from, top } of placed) {
        ctx.lineWidth = 0.75;
        ctx.strokeStyle = ink.faint;
        ctx.setLineDash([]);
        ctx.beginPath();
        ctx.moveTo(Math.min(right, left + 4), from);
        ctx.lineTo(right + 4, from);
        ctx.lineTo(right + 26, top);
        ctx.stroke();
        ctx.lineWidth = 2;
        ctx.strokeStyle = look.colour;
        ctx.setLineDash(look.dash);
        ctx.beginPath();
        ctx.moveTo(right + 29, top);
        ctx.lineTo(right + labelIndent - 6, top);
        ctx.stroke();
        // With a dash set, Skia writes text into an SVG as outlines.
        ctx.setLineDash([]);
        ctx.fillStyle = ink.strong;
        ctx.fillText(name, right + labelIndent, top);
      }
      ctx.restore();
    },
  };
}
