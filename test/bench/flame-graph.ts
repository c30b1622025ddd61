import type { CallNode } from './cpu-profile.ts';
import { escapeText, svgOf } from './svg.ts';

/** One process of a run. */
export interface Flame {
  readonly title: string;
  readonly tree: CallNode;
}

const WIDTH = 1_200;
const ROW = 17;
const TITLE = 26;
const LEGEND = 24;
/** Narrower than that is not drawn. Pixels. */
const NARROWEST = 1.5;
/** About what a letter takes. Pixels. */
const LETTER = 6.3;
const PADDING = 4;

/** Each is readable under dark letters, on a light page and on a dark one. */
const COLOURS: Readonly<Record<string, string>> = {
  session: '#f4a259',
  endpoint: '#8cb369',
  codec: '#f4e285',
  client: '#9cc5a1',
  server: '#9cc5a1',
  store: '#d4a5a5',
  protocol: '#c9cba3',
  node: '#9db4d0',
  '(program)': '#b8b8c8',
  '(garbage collector)': '#d98a8a',
  bench: '#d9d9d9',
};
const OTHER = '#cdb4db';

/** Draws where the time of each process goes: what is called hangs below its caller. */
export function flameGraph(flames: readonly Flame[]): string {
  const parts: string[] = [legendOf(flames)];
  let top = LEGEND;
  for (const { title, tree } of flames) {
    parts.push(`<text class="title" x="0" y="${top + 18}">${escapeText(title)}</text>`);
    top += TITLE;
    const scale = WIDTH / tree.totalMicros;
    let deepest = 0;
    const draw = (node: CallNode, left: number, depth: number): void => {
      const width = node.totalMicros * scale;
      if (width < NARROWEST) return;
      deepest = Math.max(deepest, depth);
      parts.push(boxOf(node, left, top + depth * ROW, width, tree.totalMicros));
      let at = left;
      for (const child of byTime(node)) {
        draw(child, at, depth + 1);
        at += child.totalMicros * scale;
      }
    };
    let at = 0;
    for (const child of byTime(tree)) {
      draw(child, at, 0);
      at += child.totalMicros * scale;
    }
    top += (deepest + 1) * ROW + PADDING;
  }
  return svgOf(WIDTH, top, parts, '.box { fill: #222; font-size: 11px }');
}

function boxOf(node: CallNode, left: number, top: number, width: number, all: number): string {
  const share = ((node.totalMicros / all) * 100).toFixed(1);
  const self = ((node.selfMicros / all) * 100).toFixed(1);
  const place = node.file === '' ? '' : ` (${node.file})`;
  const tip = escapeText(`${node.name}${place}: ${share} %, itself ${self} %`);
  const letters = Math.floor((width - PADDING) / LETTER);
  const label = letters < 3 ? '' : escapeText(node.name.slice(0, letters));
  const [x, y, w] = [left, top, width].map((length) => length.toFixed(1));
  const text =
    label === '' ? '' : `<text class="box" x="${x}" y="${y}" dx="2" dy="12">${label}</text>`;
  const colour = COLOURS[node.area] ?? OTHER;
  return (
    `<g><title>${tip}</title>` +
    `<rect x="${x}" y="${y}" width="${w}" height="${ROW - 1}" fill="${colour}"/>${text}</g>`
  );
}

function byTime(node: CallNode): CallNode[] {
  return [...node.children.values()].toSorted((a, b) => b.totalMicros - a.totalMicros);
}

function legendOf(flames: readonly Flame[]): string {
  const areas = new Set<string>();
  const visit = (node: CallNode): void => {
    if (node.area in COLOURS) areas.add(node.area);
    for (const child of node.children.values()) visit(child);
  };
  for (const { tree } of flames) visit(tree);
  let left = 0;
  const boxes = [...areas, 'other packages'].map((area) => {
    const at = left;
    left += 18 + area.length * 7 + 10;
    const colour = COLOURS[area] ?? OTHER;
    return (
      `<rect x="${at}" y="2" width="12" height="12" fill="${colour}"/>` +
      `<text x="${at + 16}" y="12">${escapeText(area)}</text>`
    );
  });
  return boxes.join('');
}
