/**
 * Mends what Skia writes: position lists that end in a comma, which strict readers refuse; empty texts; far more
 * digits than a screen has; and a font name with no other to fall back on.
 */
export function tidySvg(svg: string): string {
  return svg
    .replaceAll(/<text [^>]*><\/text>/g, '')
    .replaceAll(
      / (d|x|y)="([^"]*)"/g,
      (_, name: string, list: string) => ` ${name}="${rounded(list.replace(/, $/, ''))}"`,
    )
    .replaceAll(
      /(?: font-weight="\d+")? font-family="IBM Plex Sans SemiBold[^"]*"/g,
      ' font-weight="600" font-family="IBM Plex Sans"',
    )
    .replaceAll(/font-family="([^",]*)"/g, 'font-family="$1, Helvetica, Arial, sans-serif"');
}

function rounded(list: string): string {
  return list.replaceAll(/\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 100) / 100));
}
