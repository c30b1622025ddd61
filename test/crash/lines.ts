/** What is wrong with what arrived; all 0 where nothing is. */
export interface Verdict {
  readonly lost: number;
  readonly duplicated: number;
  readonly misplaced: number;
}

/** So many different lines, each with its end. */
export function linesFor(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `{"line":${index},"for":"the record"}\n`);
}

/** Compares the lines that were to be sent with those that `wilco listen` wrote. */
export function verdictOn(sent: readonly string[], written: string): Verdict {
  const places = new Map(sent.map((line, index) => [line.trimEnd(), index]));
  const seen = new Set<number>();
  let [duplicated, misplaced, last] = [0, 0, -1];
  for (const line of written.split('\n')) {
    if (line === '') continue;
    const place = places.get(line.slice(line.indexOf('"body":') + '"body":'.length, -1));
    if (place === undefined) misplaced += 1;
    else if (seen.has(place)) duplicated += 1;
    else {
      if (place < last) misplaced += 1;
      seen.add(place);
      last = place;
    }
  }
  return { lost: sent.length - seen.size, duplicated, misplaced };
}
