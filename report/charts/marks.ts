import type { Plugin } from 'chart.js';
import type { lineLook } from './look.js';
import type { Cut } from './reach.js';

interface Marked {
  readonly look: ReturnType<typeof lineLook>;
  readonly broken: { readonly x: number; readonly y: number } | null;
  readonly cuts: readonly Cut[];
}

/** A cross where a curve's values cease to be numbers. */
export function crosses(lines: readonly Marked[]): Plugin {
  const ARM = 5;
  return {
    id: 'crosses',
    afterDatasetsDraw({ ctx, scales: { x, y }, chartArea }) {
      if (!x || !y) return;
      ctx.save();
      ctx.lineWidth = 2.25;
      for (const { broken, look } of lines) {
        if (!broken) continue;
        const left = x.getPixelForValue(broken.x);
        const top = Math.min(chartArea.bottom, Math.max(chartArea.top, y.getPixelForValue(broken.y)));
        ctx.strokeStyle = look.colour;
        ctx.beginPath();
        ctx.moveTo(left - ARM, top - ARM);
        ctx.lineTo(left + ARM, top + ARM);
        ctx.moveTo(left - ARM, top + ARM);
        ctx.lineTo(left + ARM, top - ARM);
        ctx.stroke();
      }
      ctx.restore();
    },
  };
}

/** A triangle at the edge where a spike goes beyond it. */
export function triangles(lines: readonly Marked[]): Plugin {
  const [HALF, HEIGHT] = [5, 8];
  return {
    id: 'triangles',
    afterDatasetsDraw({ ctx, scales: { x }, chartArea: { top, bottom } }) {
      if (!x) return;
      ctx.save();
      for (const { cuts, look } of lines) {
        ctx.fillStyle = look.colour;
        for (const cut of cuts) {
          const left = x.getPixelForValue(cut.x);
          const [tip, foot] = cut.above ? [top - HEIGHT, top] : [bottom + HEIGHT, bottom];
          ctx.beginPath();
          ctx.moveTo(left, tip);
          ctx.lineTo(left + HALF, foot);
          ctx.lineTo(left - HALF, foot);
          ctx.closePath();
          ctx.fill();
        }
      }
      ctx.restore();
    },
  };
}
