/** Keeps the event loop busy, as a long computation does. */
export function keepBusy(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}
