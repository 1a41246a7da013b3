/** `+0.012`, `−0.300`; a dash where it is no number. */
export function signed(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}
