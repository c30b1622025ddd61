import { LOG_EVENTS } from '@wilco/client';

/** The table of what a log can say. */
export function logDocument(): string {
  return [
    '| event | level | what it means, and its fields |',
    '| --- | --- | --- |',
    ...Object.entries(LOG_EVENTS).map(
      ([event, [level, meaning]]) => `| \`${event}\` | ${level} | ${meaning} |`,
    ),
    '',
  ].join('\n');
}
