/** What a process of the demo counts, by name. */
export type Counts = Readonly<Record<string, number>>;

/** What a process of the demo tells the one that started it. */
export type ChildReport =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'progress'; readonly counts: Counts }
  | { readonly type: 'done'; readonly counts: Counts };

/** Asks a process of the demo to end. */
export const STOP = 'stop';

const PROGRESS_EVERY_MS = 200;

/** What this process was started with. */
export function childSettings(): unknown {
  return JSON.parse(process.argv[2] ?? '{}') as unknown;
}

/** Tells the process that started this one. */
export function report(message: ChildReport): void {
  if (process.connected) process.send?.(message);
}

/** Tells the counts from time to time, for as long as the process has something else to do. */
export function reportProgress(counts: () => Counts): void {
  setInterval(() => report({ type: 'progress', counts: counts() }), PROGRESS_EVERY_MS).unref();
}

/** Runs `stop` when this process is asked to end, and tells what it counted. */
export function reportWhenStopped(stop: () => Promise<Counts>): void {
  process.on('message', (message) => {
    if (message !== STOP) return;
    void stop().then((counts) => finish(counts));
  });
}

/** Tells the last counts, and lets go of the process that started this one. */
export function finish(counts: Counts): void {
  report({ type: 'done', counts });
  process.disconnect();
}

// Whoever started this process is gone: nobody would end it.
process.on('disconnect', () => setTimeout(() => process.exit(1), 2_000).unref());
