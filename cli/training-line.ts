import type { Standing } from '../train/evaluating.js';
import type { Hook } from '../train/loop.js';
import { clock, progress } from './progress.js';

/** Where a training is: its step, loss, speed, memory, the time left at the speed so far, and how it last scored. */
export function trainingLine(): { readonly hook: Hook; readonly onScore: (standing: Standing) => void } {
  let [steps, tokens, seconds] = [0, 0, 0];
  let score = '';
  return {
    onScore: ({ measure, value, best }) => {
      score = `  ${measure} ${value.toFixed(3)}${value < best ? ` (best ${best.toFixed(3)})` : ''}`;
    },
    hook: (finished) => {
      const { step, total, loss, memory } = finished;
      steps++;
      tokens += finished.tokens;
      seconds += finished.seconds;
      const left = clock(((total - step) * seconds) / steps);
      const speed = Math.round(tokens / seconds).toLocaleString('en');
      const [title, time] = finished.last ? ['trained', `in ${clock(seconds)}`] : ['step', `${left} left`];
      const gigabytes = (memory / 2 ** 30).toFixed(1);
      const line = `${title} ${step}/${total}  loss ${loss.toFixed(4)}  ${speed} tokens/s  ${gigabytes} GiB  ${time}${score}`;
      progress(line, finished.last);
    },
  };
}
