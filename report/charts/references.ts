import type { Plugin } from 'chart.js';
import { ink } from './look.js';
import { shortNames } from './names.js';
import { font } from './text.js';

/** A value to see others against: the base model, BM25, zero. */
export interface Reference {
  readonly name: string;
  readonly value: number;
  /** As the name's line shows it; the name alone where not given. */
  readonly text?: string;
}

const LINE = 17;

/** The height above the rows that references' names take: a line each, so that none covers another. */
export function referenceRoom(references: readonly Reference[]): number {
  return references.length === 0 ? 0 : references.length * LINE + 4;
}

/** Dashed lines from top to bottom, each with its name in a line of its own, on that side where there is room. */
export function referenceLines(references: readonly Reference[]): Plugin {
  const names = shortNames(
    references.map(({ name }) => name),
    240,
  );
  const sorted = references
    .map((reference, i) => ({ ...reference, label: [names[i], reference.text].filter(Boolean).join(' ') }))
    .sort((a, b) => a.value - b.value);
  return {
    id: 'references',
    beforeDatasetsDraw({ ctx, scales: { x }, chartArea }) {
      if (!x) return;
      ctx.save();
      ctx.font = font(11);
      ctx.textBaseline = 'top';
      ctx.strokeStyle = ink.faint;
      ctx.lineWidth = 1.25;
      const placed = sorted.map(({ value, label }, i) => ({
        at: x.getPixelForValue(value),
        label,
        top: chartArea.top + i * LINE,
      }));
      ctx.setLineDash([5, 4]);
      for (const { at, top } of placed) {
        ctx.beginPath();
        ctx.moveTo(at, top);
        ctx.lineTo(at, chartArea.bottom);
        ctx.stroke();
      }
      // With a dash set, Skia writes text into an SVG as outlines.
      ctx.setLineDash([]);
      for (const { at, label, top } of placed) {
        const { width } = ctx.measureText(label);
        const left = at + 6 + width <= chartArea.right + 4 ? at + 6 : Math.max(chartArea.left, at - 6 - width);
        ctx.fillStyle = '#ffffff';
        ctx.fillRect(left - 2, top, width + 4, LINE - 1);
        ctx.fillStyle = ink.text;
        ctx.fillText(label, left, top + 2);
      }
      ctx.restore();
    },
  };
}
