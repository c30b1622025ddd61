/** How the commands end: exit codes, signals, and readers and writers that go away. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bodiesOf, listening, objectsOf, scratchFolder, wilco } from './cli-process.ts';

describe('wrong usage', () => {
  test.each([
    [[], /Usage: wilco/],
    [['sned'], /unknown command 'sned'\n\(Did you mean send\?\)/],
    [['send', '--to', 'nonsense'], /Wanted HOST:PORT/],
    [['send', '--to', ':1', '--ttl', 'soon'], /Wanted a duration/],
    [['send', '--to', ':1', 'no-such-file'], /can not read no-such-file/],
    [['send', '--to', ':1', '--receipts', '/no-folder/x'], /--receipts \/no-folder\/x: ENOENT/],
    [['send', '--to', ':1', tmpdir()], /it is a folder, wanted a file/],
    [['send', '--to', ':1', '--store', ''], /the path of levelStore\(\) is empty/],
    [['send', '--to', 'far.example:7411'], /WILCO_INSECURE_REFUSED.* allow it with --insecure/],
    [['listen'], /wanted --port PORT or --path PATH/],
    [['listen', '--port', '0', '--sync'], /--sync goes with --out/],
    [['listen', '--port', '0', '--sync', '--out', '-'], /--sync goes with --out/],
    [['listen', '--port', '0', '--out', '/no-folder/x'], /--out \/no-folder\/x: ENOENT/],
    [['listen', '--port', '0', '--cert', 'no-such-file'], /--cert no-such-file/],
    [['proxy', '--listen', '0', '--to', 'unix:/x'], /not to a Unix socket/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ])('of %j ends with 2, and says what is wanted', async (words, message) => {
    const process = wilco(words);
    expect(await process.exit).toBe(2);
    expect(process.stderr).toMatch(message);
    expect(process.stderr).not.toMatch(/^ +at /m);
    expect(process.stdout).toBe('');
  });
});

test.each([
  [['send', '--to', ':1', '--nonsense'], 'usage'],
  [['send', '--to', ':1', 'no-such-file'], 'failed'],
])('with --json, what is wrong with %j is JSON too', async (words, event) => {
  const process = wilco([...words, '--json']);
  expect(await process.exit).toBe(2);
  expect(objectsOf(process.stderr)).toEqual([
    expect.objectContaining({ level: 'error', event, text: expect.any(String) }),
  ]);
});

test.each([
  [['--version'], /^\d+\.\d+\.\d+\n$/],
  [['--help'], /Exit codes:/],
  [['send', '--help'], /in-doubt/],
])('%j prints what was asked for and ends with 0', async (words, text) => {
  const process = wilco(words);
  expect(await process.exit).toBe(0);
  expect(process.text).toMatch(text);
});

test.each([
  ['listen', ['listen', '--host', '127.0.0.1', '--port']],
  ['proxy', ['proxy', '--to', ':1', '--listen']],
])('a port that is taken ends %s with 1, and with the word of the system', async (_name, words) => {
  const { port } = await listening();
  const second = wilco([...words, String(port)]);
  expect(await second.exit).toBe(1);
  expect(second.stderr).toMatch(/WILCO_LISTEN_FAILED.*EADDRINUSE/);
});

test('patience that is over ends send with 1, and nothing counts as handled', async () => {
  const port = await closedPort();
  const words = ['send', '--to', `127.0.0.1:${port}`, '--give-up', '300ms'];
  const sender = wilco(words, { input: '1\n2\n' });
  expect(await sender.exit).toBe(1);
  expect(sender.stderr).toContain('no connection for 0.3 s');
  expect(sender.stderr).toContain('2 cancelled: certainly not handled');
});

test('a time to live that passes expires a line, and send ends with 1', async () => {
  const words = ['send', '--to', `127.0.0.1:${await closedPort()}`, '--ttl', '200ms', '--json'];
  const sender = wilco(words, { input: '1\n' });
  expect(await sender.exit).toBe(1);
  expect(objectsOf(sender.text)[0]).toMatchObject({ lines: 1, expired: 1 });
});

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s lets send settle what it has, say what is not, and end with %i',
    async (signal, code) => {
      const { port } = await listening();
      const receipts = join(scratchFolder(), 'receipts.ndjson');
      const words = ['send', '--to', `:${port}`, '--receipts', receipts];
      const sender = wilco(words, { input: '1\n2\n', isInputOpen: true });
      await sender.errors(/connected to/);
      await until(() => readFileSync(receipts, 'utf8').split('\n').length === 3);
      sender.kill(signal);
      expect(await sender.exit).toBe(code);
      expect(sender.stderr).toContain(`ended early: ${signal}`);
      expect(sender.stderr).toContain('2 of 2 lines handled');
      expect(sender.stderr).toContain('the rest of the input was not read');
    },
  );

  test('waits for what can not settle no longer than --drain', async () => {
    const words = ['send', '--to', `127.0.0.1:${await closedPort()}`, '--drain', '100ms'];
    const sender = wilco(words, { input: '1\n2\n3\n', isInputOpen: true });
    await sender.errors(/not connected/);
    sender.kill('SIGTERM');
    expect(await sender.exit).toBe(143);
    expect(sender.stderr).toContain('3 cancelled: certainly not handled');
  });

  test('that comes twice ends send at once', async () => {
    const words = ['send', '--to', `127.0.0.1:${await closedPort()}`, '--drain', '1h'];
    const sender = wilco(words, { input: '1\n' });
    await sender.errors(/not connected/);
    sender.kill('SIGINT');
    await sender.errors(/SIGINT: no more lines/);
    sender.kill('SIGINT');
    expect(await sender.exit).toBe(130);
  });

  test('ends listen politely and with 0; its clients know that it went', async () => {
    const { listener, port } = await listening();
    const sender = wilco(['send', '--to', `:${port}`], { input: '1\n', isInputOpen: true });
    await listener.prints(/"body":1/);
    listener.kill('SIGTERM');
    expect(await listener.exit).toBe(0);
    await sender.errors(/connection lost: WILCO_(GOING_AWAY|SESSION_ENDED)/);
  });
});

describe('standard output that nobody reads any more', () => {
  test('ends listen as it ends any Unix tool; what was not printed is not handled', async () => {
    const { listener, port } = await listening();
    const sender = wilco(['send', '--to', `:${port}`, '--json'], { isInputOpen: true });
    sender.child.stdin?.write('1\n');
    await listener.prints(/"body":1/);
    listener.child.stdout?.destroy();
    sender.child.stdin?.write('2\n');
    expect(await listener.exit).toBe(141);
    const { listener: next } = await listening(['--port', String(port)]);
    sender.child.stdin?.end('3\n');
    expect(await sender.exit).toBe(0);
    expect(bodiesOf(next.text)).toEqual(['2', '3']);
  });

  test('is no failure of --help', async () => {
    const help = wilco(['send', '--help']);
    help.child.stdout?.destroy();
    expect(await help.exit).toBe(0);
  });
});

test('a reader that is slow slows the sender down: what is in flight stays bounded', async () => {
  const { listener, port } = await listening();
  listener.child.stdout?.pause();
  const sender = wilco(['send', '--to', `:${port}`, '--json'], { isInputOpen: true });
  await sender.errors(/"event":"online"/);
  const line = `"${'x'.repeat(10_000)}"\n`;
  const { stdin } = sender.child;
  // Far more than the outbox, the windows and the pipes between hold.
  let written = 0;
  while (written < 12_000 && stdin?.writableNeedDrain !== true) {
    written += 1;
    if (stdin?.write(line) === false) await Promise.race([once(stdin, 'drain'), pause(3_000)]);
  }
  expect(written).toBeLessThan(12_000);
  listener.child.stdout?.resume();
  stdin?.end();
  expect(await sender.exit).toBe(0);
  expect(bodiesOf(listener.text)).toHaveLength(written);
}, 180_000);

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await pause(20);
}
