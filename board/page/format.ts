// Numbers as a table sets them: one form a column, so that digits stand under digits.

const nothing = '–';

export function fixed(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined || !Number.isFinite(value) ? nothing : value.toFixed(digits);
}

const grouping = new Intl.NumberFormat('en');

/** `12,345`. */
export function grouped(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? nothing
    : grouping.format(Math.round(value));
}

/** `+0.031`, `−0.004`: with the sign that is as wide as a plus. */
export function signed(value: number, digits = 3): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? `±${text}` : `${value < 0 ? '−' : '+'}${text}`;
}

/** `0:42`, `12:05`, `3:04:10`. */
export function clock(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return nothing;
  const whole = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** `11-24 15:48`, in the reader's own time. */
export function moment(milliseconds: number): string {
  if (milliseconds === 0) return nothing;
  const time = new Date(milliseconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** `2e-5`. */
export function power(value: number | null): string {
  return value === null
    ? nothing
    : value !== 0 && (value < 1e-3 || value >= 1e5)
      ? value.toExponential().replace('e+', 'e')
      : String(value);
}

/** A p-value: `< 0.001` says what the test can tell. */
export function chance(value: number): string {
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

export function counted(count: number, one: string): string {
  return `${grouped(count)} ${one}${count === 1 ? '' : 's'}`;
}

/** A name in at most so many characters, its middle left out: runs of a sweep differ at their ends. */
export function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) * 0.5);
  return `${name.slice(0, most - 1 - end)}…${name.slice(name.length - end)}`;
}
