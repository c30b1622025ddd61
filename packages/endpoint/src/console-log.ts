import { WilcoError } from '@wilco/protocol';
import type { LogLevel } from './log-events.ts';
import type { LogHook } from './log.ts';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** What of a log is shown, and where. */
export interface ConsoleLogOptions {
  /**
   * How much an entry must matter to be shown: `'debug'` (each message), `'info'`, `'warn'`, `'error'`.
   *
   * @defaultValue `'info'`
   */
  readonly level?: LogLevel;
  /**
   * Takes each line.
   *
   * @defaultValue `console.error`: standard error, so that standard output stays the program's
   */
  readonly write?: (line: string) => void;
}

/**
 * A log for people: one line for each entry, its fields as `name=value`.
 *
 *     connect({ port: 7411, log: consoleLog({ level: 'debug' }) })
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID` for a level that there is not.
 */
export function consoleLog({
  level = 'info',
  write = console.error,
}: ConsoleLogOptions = {}): LogHook {
  const least = LEVELS.indexOf(level);
  if (least === -1) {
    const detail = `level is '${String(level)}', wanted one of ${LEVELS.join(', ')}`;
    throw new WilcoError('WILCO_OPTION_INVALID', detail);
  }
  return (entry) => {
    if (LEVELS.indexOf(entry.level) < least) return;
    const { time, level: ofEntry, event, side, ...fields } = entry;
    const parts = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    const head = `${new Date(time).toISOString()} ${ofEntry.padEnd(5)} ${side} ${event}`;
    write([head, ...parts].join(' '));
  };
}
