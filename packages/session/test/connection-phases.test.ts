import { describe, expect, test } from 'vitest';
import {
  CLIENT_TRANSITIONS,
  nextClientPhase,
  nextServerPhase,
  SERVER_TRANSITIONS,
  type ClientConnectionEvent,
  type ClientConnectionPhase,
  type ServerConnectionEvent,
  type ServerConnectionPhase,
} from '../src/index.ts';

describe.each([
  ['client', CLIENT_TRANSITIONS, nextClientPhase],
  ['server', SERVER_TRANSITIONS, nextServerPhase],
] as const)('a connection of a %s', (_role, table, next) => {
  const rows = Object.entries(table) as [string, Partial<Record<string, string>>][];
  const events = [...new Set(rows.flatMap(([, row]) => Object.keys(row)))];
  const move = next as (phase: string, event: string) => string;

  test('moves as its table says, and nothing else moves it', () => {
    for (const [phase, row] of rows) {
      for (const event of events) {
        const expected = row[event];
        if (expected === undefined) expect(() => move(phase, event)).toThrow(TypeError);
        else expect(move(phase, event)).toBe(expected);
      }
    }
  });

  test('can be let go of in every phase, and is closed for good then', () => {
    for (const [phase] of rows.filter(([name]) => name !== 'closed')) {
      expect(move(phase, 'released')).toBe('closed');
      expect(move(phase, 'lost')).toBe('closed');
    }
    expect(events.filter((event) => event in table.closed)).toEqual([]);
  });

  test('opens only by the whole opening', () => {
    const before = rows.filter(([, row]) => Object.values(row).includes('open'));
    expect(before.map(([phase]) => phase)).toHaveLength(2);
  });
});

test('a client that opens passes through the phases in this order', () => {
  const events: ClientConnectionEvent[] = ['opened', 'welcomed', 'stored'];
  let phase: ClientConnectionPhase = 'dialling';
  const path: string[] = [phase];
  for (const event of events) path.push((phase = nextClientPhase(phase, event)));
  expect(path).toEqual(['dialling', 'greeting', 'storing', 'open']);
});

test('a server that opens passes through the phases in this order', () => {
  const events: ServerConnectionEvent[] = ['helloed', 'decided', 'readied'];
  let phase: ServerConnectionPhase = 'greeting';
  const path: string[] = [phase];
  for (const event of events) path.push((phase = nextServerPhase(phase, event)));
  expect(path).toEqual(['greeting', 'deciding', 'welcoming', 'open']);
});
