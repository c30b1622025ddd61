import { describe, expect, test } from 'vitest';
import {
  CLIENT_TRANSITIONS,
  nextClientPhase,
  nextServerPhase,
  nextSessionPhase,
  SERVER_TRANSITIONS,
  SESSION_TRANSITIONS,
} from '../src/index.ts';

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

describe.each([
  ['a session', SESSION_TRANSITIONS as Table, nextSessionPhase],
  ['a client connection', CLIENT_TRANSITIONS as Table, nextClientPhase],
  ['a server connection', SERVER_TRANSITIONS as Table, nextServerPhase],
] as const)('the phases of %s', (_name, table, step) => {
  const next = step as (phase: string, event: string) => string;
  const phases = Object.keys(table);
  const events = [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))];
  const pairs = phases.flatMap((phase) => events.map((event) => [phase, event] as const));

  test.each(pairs)('%s takes %s as the table says, or not at all', (phase, event) => {
    const target = table[phase]?.[event];
    if (target === undefined) expect(() => next(phase, event)).toThrow(TypeError);
    else expect(next(phase, event)).toBe(target);
  });

  test('every target is a phase, and the last phase is never left', () => {
    for (const row of Object.values(table)) {
      for (const target of Object.values(row)) expect(phases).toContain(target);
    }
    const last = phases.at(-1) ?? '';
    for (const target of Object.values(table[last] ?? {})) expect(target).toBe(last);
  });
});
