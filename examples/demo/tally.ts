/** What became of the lines that were sent, as the received file shows it. */
export interface Tally {
  /** Lines in the received file. */
  readonly arrived: number;
  /** Lines of the input that are not there. */
  readonly lost: number;
  /** Lines that are there more often than in the input. */
  readonly duplicated: number;
  /** Lines that came after one that should have come later. */
  readonly outOfOrder: number;
  /** Lines that were never sent. */
  readonly strange: number;
}

/** Compares what arrived with what was sent. Lines that are equal count as often as they occur. */
export function tally(sent: readonly string[], received: readonly string[]): Tally {
  const awaited = new Map<string, number[]>();
  for (const [place, line] of sent.entries()) {
    const places = awaited.get(line);
    if (places === undefined) awaited.set(line, [place]);
    else places.push(place);
  }
  const counts = { duplicated: 0, outOfOrder: 0, strange: 0, found: 0 };
  let furthest = -1;
  const taken = new Map<string, number>();
  for (const line of received) {
    const copies = taken.get(line) ?? 0;
    const place = awaited.get(line)?.[copies];
    taken.set(line, copies + 1);
    if (place === undefined) {
      counts[awaited.has(line) ? 'duplicated' : 'strange'] += 1;
    } else {
      counts.found += 1;
      if (place < furthest) counts.outOfOrder += 1;
      furthest = Math.max(furthest, place);
    }
  }
  const { found, duplicated, outOfOrder, strange } = counts;
  return { arrived: received.length, lost: sent.length - found, duplicated, outOfOrder, strange };
}
