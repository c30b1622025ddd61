/** Results on standard output: where they go, and what it means when they can not. */
import { describe, expect, test } from 'vitest';
import { listening, objectsOf, wilco } from './cli-process.ts';

/** Takes nothing, as a full disk does. */
const FULL = '/dev/full';

test('receipts go to standard output with --receipts -, and the summary of --json follows', async () => {
  const { port } = await listening();
  const words = ['send', '--to', `:${port}`, '--receipts', '-', '--json'];
  const sender = wilco(words, { input: '1\n2\n' });
  expect(await sender.exit).toBe(0);
  expect(objectsOf(sender.text)).toMatchObject([
    { line: 0, outcome: 'handled' },
    { line: 1, outcome: 'handled' },
    { lines: 2, handled: 2 },
  ]);
});

describe('a result that can not be written is a failure', () => {
  test('of send: the summary of --json', async () => {
    const { listener, port } = await listening();
    const words = ['send', '--to', `:${port}`, '--json'];
    expect(await wilco(words, { input: '1\n', output: FULL }).exit).toBe(1);
    expect(listener.text).toContain('"body":1');
  });

  test('of send: the receipts; the lines are sent all the same', async () => {
    const { listener, port } = await listening();
    const words = ['send', '--to', `:${port}`, '--receipts', FULL];
    const sender = wilco(words, { input: '1\n2\n' });
    expect(await sender.exit).toBe(1);
    expect(sender.stderr).toMatch(/the receipts can not be written any more: .*ENOSPC/);
    expect(sender.stderr).toContain('2 of 2 lines handled');
    expect(listener.text).toContain('"body":2');
  });

  test('of listen: nothing counts as handled', async () => {
    const { listener, port } = await listening([], { output: FULL });
    const words = ['send', '--to', `:${port}`, '--give-up', '300ms'];
    const sender = wilco(words, { input: '1\n' });
    expect(await listener.exit).toBe(1);
    expect(await sender.exit).toBe(1);
    expect(sender.stderr).toContain('0 of 1 lines handled');
  });

  test('of ping, and of --help', async () => {
    const { port } = await listening();
    const words = ['ping', `:${port}`, '-c', '1'];
    expect(await wilco(words, { output: FULL }).exit).toBe(1);
    expect(await wilco([...words, '--json'], { output: FULL }).exit).toBe(1);
    expect(await wilco(['send', '--help'], { output: FULL }).exit).toBe(1);
  });
});

describe('a result that nobody reads any more', () => {
  test('ends send with 141: its summary', async () => {
    const { port } = await listening();
    const sender = wilco(['send', '--to', `:${port}`, '--json'], { isInputOpen: true });
    await sender.errors(/"event":"online"/);
    sender.child.stdout?.destroy();
    sender.child.stdin?.end('1\n');
    expect(await sender.exit).toBe(141);
  });

  test('ends ping with 141, however many round trips it was to make', async () => {
    const { port } = await listening();
    const ping = wilco(['ping', `:${port}`, '-c', '1000000', '-i', '10ms']);
    await ping.prints(/round trip 2/);
    ping.child.stdout?.destroy();
    expect(await ping.exit).toBe(141);
  });
});
