/** A picture that is readable on a light page and on a dark one. */
export function svgOf(width: number, height: number, parts: readonly string[], style = ''): string {
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(height)}" ` +
    `width="${width}" height="${Math.ceil(height)}" font-family="system-ui, sans-serif" font-size="12">`;
  const rules =
    `<style>text { fill: #24292f } .title { font-size: 14px; font-weight: 600 } ` +
    `.line { stroke: #8c959f; stroke-width: 1 } .faint { fill: #57606a } ` +
    `@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .faint { fill: #9198a1 } } ${style}</style>`;
  return [head, rules, ...parts, '</svg>', ''].join('\n');
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
