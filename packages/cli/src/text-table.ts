/** One column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand under each other by their ends. @defaultValue `false` */
  readonly isRight?: boolean;
}

const GAP = '  ';

/**
 * Rows under their titles, each column as wide as it needs. The last one gets what is left of the
 * line and goes on below itself, so that nothing is cut off, nor wrapped by the terminal.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, at) =>
    Math.max(...[titles, ...rows].map((row) => (row[at] ?? '').length)),
  );
  const last = columns.length - 1;
  const before = widths.slice(0, last).reduce((sum, one) => sum + one + GAP.length, 0);
  const room = Math.max(width - before, MIN_LAST);
  return [titles, ...rows].flatMap((row) => {
    const head = row
      .slice(0, last)
      .map((text, at) => aligned(text, widths[at] ?? 0, columns[at]?.isRight === true) + GAP)
      .join('');
    const [first = '', ...more] = wrapped(row[last] ?? '', room);
    return [`${head}${first}`, ...more.map((line) => ' '.repeat(before) + line)].map((line) =>
      line.trimEnd(),
    );
  });
}

/** A text in lines of at most so many characters, broken between words where that is possible. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** However narrow the terminal is. */
const MIN_LAST = 24;

function aligned(text: string, width: number, isRight: boolean): string {
  return isRight ? text.padStart(width) : text.padEnd(width);
}
