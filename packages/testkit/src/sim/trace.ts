/** One line of what happened, for people. */
export interface TraceLine {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
}

const FNV_PRIME = 0x0100_0193;

/**
 * What happened in a run, in order, and a hash of it: two runs are the same when their
 * hashes are. Lines are kept only where somebody wants to read them.
 */
export class Trace {
  readonly lines: TraceLine[] = [];
  readonly #keepsLines: boolean;
  #high = 0x811c_9dc5;
  #low = 0x9e37_79b9;

  constructor(keepsLines: boolean) {
    this.#keepsLines = keepsLines;
  }

  /** The hash of everything until now, as hexadecimal digits. */
  get hash(): string {
    return [this.#high, this.#low]
      .map((part) => (part >>> 0).toString(16).padStart(8, '0'))
      .join('');
  }

  add(atMs: number, who: string, what: string): void {
    this.#mix(`${atMs.toFixed(3)} ${who} ${what}`);
    if (this.#keepsLines) this.lines.push({ atMs, who, what });
  }

  /** A line that does not count: only readers see it. */
  note(atMs: number, who: string, what: string): void {
    if (this.#keepsLines) this.lines.push({ atMs, who, what });
  }

  #mix(line: string): void {
    for (let index = 0; index < line.length; index++) {
      const unit = line.charCodeAt(index);
      this.#high = Math.imul(this.#high ^ unit, FNV_PRIME);
      this.#low = Math.imul(this.#low + unit, 0x85eb_ca6b) ^ (this.#low >>> 13);
    }
  }
}

const COLUMN_WIDTH = 34;

/**
 * The lines as a sequence diagram: a column for each host, time running down. An arrow
 * between two hosts is a line whose `who` is `a > b`.
 */
export function diagram(lines: readonly TraceLine[], hosts: readonly string[]): string {
  const head = ['     ms', ...hosts.map((host) => host.padEnd(COLUMN_WIDTH))].join('  ');
  return [head, ...lines.map((line) => row(line, hosts))].join('\n');
}

function row({ atMs, who, what }: TraceLine, hosts: readonly string[]): string {
  const time = atMs.toFixed(0).padStart(7);
  const [from, to] = who.split(' > ').map((name) => hosts.indexOf(name));
  if (from === undefined || from < 0) return `${time}  ${who}: ${what}`;
  if (to === undefined || to < 0) return `${time}  ${' '.repeat(from * (COLUMN_WIDTH + 2))}${what}`;
  const [left, right] = [Math.min(from, to), Math.max(from, to)];
  const width = (right - left) * (COLUMN_WIDTH + 2) - 2;
  const text = ` ${what} `.slice(0, Math.max(0, width - 4));
  const line = text.padStart((width + text.length) >> 1, '-').padEnd(width, '-');
  const arrow = to > from ? `${line}>` : `<${line}`;
  return `${time}  ${' '.repeat(left * (COLUMN_WIDTH + 2))}${arrow}`;
}
