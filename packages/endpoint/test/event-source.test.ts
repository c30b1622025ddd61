import { describe, expect, test } from 'vitest';
import { EventSource, type ListenerFailure } from '../src/event-source.ts';

interface Events {
  readonly came: number;
  readonly listenerFailed: ListenerFailure;
}

describe('events', () => {
  test('go to every listener until it is undone, with one value', () => {
    const { events, seen } = make();
    const undo = events.on('came', (number) => seen.push(`a${number}`));
    events.on('came', (number) => seen.push(`b${number}`));
    events.emit('came', 1);
    undo();
    undo();
    events.emit('came', 2);
    expect(seen).toEqual(['a1', 'b1', 'b2']);
  });

  test('go once to who asked for one, and not at all where that was undone', () => {
    const { events, seen } = make();
    events.once('came', (number) => seen.push(number));
    events.once('came', () => seen.push('never'))();
    events.emit('came', 1);
    events.emit('came', 2);
    expect(seen).toEqual([1]);
  });

  test('whose listener throws, or rejects, harm nobody: that is an event of its own', async () => {
    const { events, seen, failures } = make();
    events.on('came', () => {
      throw new Error('thrown');
    });
    events.on('came', () => Promise.reject(new Error('rejected')));
    events.on('came', (number) => seen.push(number));
    events.emit('came', 1);
    await Promise.resolve();
    expect(seen).toEqual([1]);
    expect(failures.map(({ event, error }) => [event, String(error)])).toEqual([
      ['came', 'Error: thrown'],
      ['came', 'Error: rejected'],
    ]);
  });

  test('about a failed listener that fail themselves end there', () => {
    const { events, failures } = make();
    events.on('listenerFailed', () => {
      throw new Error('again');
    });
    events.emit('listenerFailed', { event: 'came', error: 1 });
    expect(failures).toEqual([]);
  });
});

function make() {
  const seen: unknown[] = [];
  const failures: ListenerFailure[] = [];
  const events = new EventSource<Events>((failure) => failures.push(failure));
  return { events, seen, failures };
}
