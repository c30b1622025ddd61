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

/**
 * Compares what arrived with what was sent.
 *
 * Equal lines can not be told apart: each that arrives is taken for the next of them that keeps
 * the order, if there is one, and only those beyond their number are duplicates.
 */
export function tally(sent: readonly string[], received: readonly string[]): Tally {
  const awaited = placesOf(sent);
  const counts = { duplicated: 0, outOfOrder: 0, strange: 0, found: 0 };
  let furthest = -1;
  for (const line of received) {
    const place = take(awaited.get(line), furthest);
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

function placesOf(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [place, line] of lines.entries()) {
    const others = places.get(line);
    if (others === undefined) places.set(line, [place]);
    else others.push(place);
  }
  return places;
}

/** Takes the first place beyond `furthest` out of those that are left, or else the first. */
function take(places: number[] | undefined, furthest: number): number | undefined {
  if (places === undefined) return undefined;
  const next = places.findIndex((place) => place > furthest);
  return places.splice(Math.max(next, 0), 1)[0];
}
