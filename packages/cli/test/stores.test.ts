/** What survives where both sides have a store: the process, and what had not been sent. */
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bodiesOf, listening, objectsOf, scratchFolder, wilco } from './cli-process.ts';

/** A file of lines, and where the stores and the output go. */
function places(count: number): Readonly<Record<'input' | 'outbox' | 'inbox' | 'out', string>> {
  const folder = scratchFolder();
  const input = join(folder, 'in.ndjson');
  writeFileSync(input, numbered(0, count).join('\n') + '\n');
  const [outbox, inbox] = [join(folder, 'outbox'), join(folder, 'inbox')];
  return { input, outbox, inbox, out: join(folder, 'out.ndjson') };
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `{"line":${from + index}}`);
}

test('lines that nobody took stay in the store, and the next run goes on behind them', async () => {
  const { input, outbox, out } = places(500);
  const send = ['send', input, '--store', outbox, '--json'];
  const first = wilco([...send, '--to', '127.0.0.1:1', '--give-up', '300ms']);
  expect(await first.exit).toBe(1);
  const [summary] = objectsOf(first.stdout);
  // How far it comes in that time is up to the machine.
  expect(summary).toMatchObject({ handled: 0, left: summary?.['lines'] });
  expect(summary?.['left']).toBeGreaterThan(0);

  appendFileSync(input, numbered(500, 510).join('\n') + '\n');
  const { port } = await listening(['--out', out]);
  const second = wilco([...send, '--to', `127.0.0.1:${port}`]);
  expect(await second.exit).toBe(0);
  expect(objectsOf(second.stdout)).toMatchObject([{ lines: 510, handled: 510 }]);
  expect(bodiesOf(readFileSync(out, 'utf8'))).toEqual(numbered(0, 510));

  const third = wilco([...send, '--to', `127.0.0.1:${port}`]);
  expect(await third.exit).toBe(0);
  expect(objectsOf(third.stdout)).toMatchObject([{ lines: 0 }]);
  expect(bodiesOf(readFileSync(out, 'utf8'))).toHaveLength(510);
});

test('each line is in the file once, whichever side is killed', async () => {
  const { input, outbox, inbox, out } = places(3_000);
  const listen = ['--store', inbox, '--out', out, '--wait', '2s'];
  const { listener, port } = await listening(listen);
  const words = ['send', input, '--store', outbox, '--to', `127.0.0.1:${port}`, '--retry', '100ms'];
  const sender = wilco([...words, '--json']);
  await sender.errors(/"event":"online"/);
  listener.kill('SIGKILL');
  await listener.exit;
  const again = await listening([...listen, '--port', String(port)]);
  await sender.errors(/"isResumed":true/);
  sender.kill('SIGKILL');
  await sender.exit;

  const next = wilco([...words, '--json']);
  expect(await next.exit).toBe(0);
  again.listener.kill('SIGTERM');
  expect(await again.listener.exit).toBe(0);
  expect(bodiesOf(readFileSync(out, 'utf8'))).toEqual(numbered(0, 3_000));
});

test('what was written behind the last commit is cut off; a file that is too short is refused', async () => {
  const { input, outbox, inbox, out } = places(20);
  const listen = ['--store', inbox, '--out', out];
  const first = await listening(listen);
  const to = `127.0.0.1:${first.port}`;
  expect(await wilco(['send', input, '--store', outbox, '--to', to]).exit).toBe(0);
  first.listener.kill('SIGTERM');
  await first.listener.exit;
  const written = readFileSync(out);

  appendFileSync(out, '{"session":"half a li');
  const second = await listening(listen);
  second.listener.kill('SIGTERM');
  await second.listener.exit;
  expect(readFileSync(out)).toEqual(written);

  truncateSync(out, written.length - 5);
  const third = wilco(['listen', '--port', '0', ...listen]);
  expect(await third.exit).toBe(1);
  expect(third.stderr).toMatch(/it has \d+ bytes, and \d+ were written for good: put it back/);
});

test('what is written to a file before the first commit is cut off, what was in it before is not', async () => {
  const { inbox, out } = places(1);
  writeFileSync(out, 'older\n');
  for (const written of ['{"session":"killed bef', 'older still']) {
    const { listener } = await listening(['--store', inbox, '--out', out]);
    listener.kill('SIGKILL');
    await listener.exit;
    expect(readFileSync(out, 'utf8')).toBe('older\n');
    appendFileSync(out, written);
  }
});

test('another file under the same name is sent from its beginning', async () => {
  const { input, outbox, inbox, out } = places(20);
  const { port } = await listening(['--store', inbox, '--out', out]);
  const send = ['send', input, '--store', outbox, '--to', `127.0.0.1:${port}`];
  expect(await wilco(send).exit).toBe(0);
  writeFileSync(input, '"other"\n'.repeat(60));
  expect(await wilco(send).exit).toBe(0);
  expect(bodiesOf(readFileSync(out, 'utf8'))).toHaveLength(20 + 60);
});

test('a store that another process has open is refused', async () => {
  const { input, inbox } = places(1);
  await listening(['--store', inbox]);
  expect(existsSync(inbox)).toBe(true);
  const second = wilco(['send', input, '--store', inbox, '--to', ':1']);
  expect(await second.exit).toBe(1);
  expect(second.stderr).toMatch(/--store .*WILCO_STORE_LOCKED/);
});
