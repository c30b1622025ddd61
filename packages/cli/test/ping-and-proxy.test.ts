import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { pingLines, spreadOf } from '../src/ping-report.ts';
import { listening, objectsOf, wilco } from './cli-process.ts';

describe('ping', () => {
  test('tells who is there, what it allows, and how long the way is', async () => {
    const { listener, port } = await listening();
    const human = wilco(['ping', `127.0.0.1:${port}`, '-c', '3', '-i', '0ms']);
    expect(await human.exit).toBe(0);
    expect(human.text).toMatch(/^reachable +127\.0\.0\.1:\d+, in /);
    expect(human.text).toMatch(/^protocol +version 1$/m);
    expect(human.text).toMatch(/^window +256 messages|^window +\d+ messages/m);
    expect(human.text).toMatch(/^round trips +min\/median\/max .*, 3 measured$/m);
    const script = wilco(['ping', `127.0.0.1:${port}`, '-c', '2', '-i', '0ms', '--json']);
    expect(await script.exit).toBe(0);
    const [report] = objectsOf(script.text);
    expect(report).toMatchObject({ isGood: true, stoppedAt: null, roundTrips: 2 });
    // It was no message: nothing was printed, and its sessions are over.
    await listener.errors(/(it was only a ping.*\n[^]*){2}/);
    expect(listener.text).toBe('');
  });

  test('says where it stopped, and what to do: nobody listens', async () => {
    const ping = wilco(['ping', '127.0.0.1:1', '--json']);
    expect(await ping.exit).toBe(1);
    expect(objectsOf(ping.text)[0]).toMatchObject({
      isGood: false,
      stoppedAt: 'connect',
      code: 'WILCO_CONNECT_FAILED',
      advice: expect.stringContaining('nothing listens on this port'),
    });
  });

  test.each([
    ['answers with something else', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'WILCO_PREAMBLE_UNKNOWN'],
    ['says nothing', '', 'WILCO_OPENING_TIMEOUT'],
  ])('says where it stopped: who listens %s', async (_what, greeting, code) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {});
      socket.write(greeting);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ping = wilco(['ping', `127.0.0.1:${port}`, '--timeout', '500ms']);
    expect(await ping.exit).toBe(1);
    server.close();
    expect(ping.text).toMatch(/^reachable/);
    expect(ping.text).toMatch(/^stopped at +the opening: connected, but not let in$/m);
    expect(ping.text).toContain(code);
    expect(ping.text).toMatch(/^what to do +\S/m);
  });

  test('says that the token is wrong', async () => {
    const { port } = await listening([], { env: { WILCO_TOKEN: 'right' } });
    const ping = wilco(['ping', `127.0.0.1:${port}`], { env: { WILCO_TOKEN: 'wrong' } });
    expect(await ping.exit).toBe(1);
    expect(ping.text).toMatch(/^because +WILCO_AUTHENTICATION_FAILED/m);
  });
});

test('the median of round trips is the one in the middle', () => {
  expect(spreadOf([5, 1, 3])).toEqual({ minMs: 1, medianMs: 3, maxMs: 5 });
  expect(spreadOf([])).toBeUndefined();
});

test('a report grows at its end', () => {
  const empty = { error: undefined, remote: 'x', tls: undefined, openingMs: undefined };
  const begun = { ...empty, server: undefined, roundTripsMs: [] };
  const reached = { ...begun, step: 'opening', connectMs: 2 } as const;
  expect(pingLines('x', { ...begun, step: 'connect', connectMs: undefined })).toEqual([]);
  expect(pingLines('x', reached)).toEqual([
    'reachable     x, in 2.00 ms',
    'encrypted     no: plain bytes',
  ]);
});

test('the same seed of proxy is printed, so that a run can be repeated', async () => {
  const proxy = wilco(['proxy', '--listen', '0', '--to', ':1', '--seed', '7']);
  await proxy.errors(/proxy on 127\.0\.0\.1:\d+ to localhost:1, seed 7\n/);
  proxy.kill('SIGINT');
  expect(await proxy.exit).toBe(0);
  expect(proxy.stderr).toContain('0 connections, 0 messages');
});

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])(
    'for %s knows the commands and their options',
    async (shell) => {
      const completion = wilco(['completion', shell]);
      expect(await completion.exit).toBe(0);
      for (const word of [
        'listen',
        'send',
        'ping',
        'proxy',
        'store',
        'receipts',
        'cut-every',
        'verify',
      ]) {
        expect(completion.text).toContain(word);
      }
      const isThere = spawnSync(shell, ['--version']).status === 0;
      if (!isThere) return;
      const { status, stderr } = spawnSync(shell, ['-n'], { input: completion.text });
      expect([status, stderr.toString()]).toEqual([0, '']);
    },
  );

  test('for bash completes', async () => {
    const { text, exit } = await completed('bash');
    const ask = `${text}\nCOMP_WORDS=(wilco send --rec); COMP_CWORD=2; _wilco; echo "\${COMPREPLY[@]}"\n`;
    expect(exit).toBe(0);
    expect(spawnSync('bash', { input: ask }).stdout.toString()).toBe('--receipts\n');
    const inner = `${text}\nCOMP_WORDS=(wilco store req); COMP_CWORD=2; _wilco; echo "\${COMPREPLY[@]}"\n`;
    expect(spawnSync('bash', { input: inner }).stdout.toString()).toBe('requeue\n');
  });
});

async function completed(shell: string): Promise<{ text: string; exit: number | string }> {
  const completion = wilco(['completion', shell]);
  const exit = await completion.exit;
  return { text: completion.text, exit };
}
