import { describe, expect, test } from 'vitest';
import { LineWriter, type LineSink } from '../src/line-writer.ts';

interface Gate extends LineSink {
  readonly written: string[];
  open(): void;
  fail(error: Error): void;
}

/** A sink that takes a write only when it is told to. */
function gate(): Gate {
  const written: string[] = [];
  let pending: { resolve: () => void; reject: (error: Error) => void } | undefined;
  return {
    written,
    write: (bytes) => {
      written.push(new TextDecoder().decode(bytes));
      return new Promise((resolve, reject) => (pending = { resolve, reject }));
    },
    close: () => Promise.resolve(),
    open: () => pending?.resolve(),
    fail: (error) => pending?.reject(error),
  };
}

const line = (text: string): Uint8Array => new TextEncoder().encode(text);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a writer of lines', () => {
  test('confirms a line when the sink has it; what comes meanwhile goes out together, in order', async () => {
    const sink = gate();
    const writer = new LineWriter(sink);
    const done: string[] = [];
    const write = (text: string): void => void writer.write(line(text)).then(() => done.push(text));
    write('1');
    await turn();
    write('2');
    write('3');
    await turn();
    expect([sink.written, done]).toEqual([['1'], []]);
    sink.open();
    await turn();
    expect([sink.written, done]).toEqual([['1', '23'], ['1']]);
    sink.open();
    await turn();
    expect(done).toEqual(['1', '2', '3']);
  });

  test('that failed confirms nothing any more', async () => {
    const sink = gate();
    const writer = new LineWriter(sink);
    const first = writer.write(line('1'));
    const outcome = expect(first).rejects.toThrow('disk full');
    await turn();
    const second = writer.write(line('2'));
    const next = expect(second).rejects.toThrow('disk full');
    sink.fail(new Error('disk full'));
    await Promise.all([outcome, next]);
    await expect(writer.write(line('3'))).rejects.toThrow('disk full');
    expect(sink.written).toEqual(['1']);
  });

  test('asks for patience where too many lines wait', async () => {
    const sink = gate();
    const writer = new LineWriter(sink);
    void writer.write(line('0'));
    await turn();
    for (let count = 0; count < 10_000; count += 1) void writer.write(line('x'));
    let hasRoom = false;
    void writer.room()?.then(() => (hasRoom = true));
    await turn();
    expect(hasRoom).toBe(false);
    sink.open();
    await turn();
    sink.open();
    await turn();
    expect(hasRoom).toBe(true);
    expect(writer.room()).toBeUndefined();
  });
});
