/** `wilco listen` and `wilco send` as processes, on real sockets. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { bodiesOf, listening, objectsOf, scratchFolder, wilco } from './cli-process.ts';

const SLOW_MS = 120_000;

describe('lines', () => {
  test('arrive as the bytes that they are; what is none is named, and stops nothing else', async () => {
    const folder = scratchFolder();
    const receipts = join(folder, 'receipts.ndjson');
    const input = '{"big":12345678901234567890,"x":1.0}\r\n\nnope\n[ "ü🙂" ]\n{"last":true}';
    const { listener, port } = await listening();
    const sender = wilco(['send', '--to', `:${port}`, '--receipts', receipts], { input });
    expect(await sender.exit).toBe(1);
    expect(sender.stderr).toContain('standard input:3: line 2 is not JSON');
    expect(sender.stderr).toContain('3 of 4 lines handled');
    expect(bodiesOf(listener.text)).toEqual([
      '{"big":12345678901234567890,"x":1.0}',
      '[ "ü🙂" ]',
      '{"last":true}',
    ]);
    const [first] = objectsOf(listener.text);
    expect(Object.keys(first ?? {})).toEqual([
      'session',
      'seq',
      'id',
      'type',
      'redelivered',
      'body',
    ]);
    expect(first).toMatchObject({ seq: 1, type: 'json', redelivered: false });
    const told = objectsOf(readFileSync(receipts, 'utf8'));
    expect(told.map(({ line, outcome }) => [line, outcome])).toEqual([
      [2, 'rejected'],
      [0, 'handled'],
      [3, 'handled'],
      [4, 'handled'],
    ]);
    expect(Object.keys(told[1] ?? {})).toEqual([
      'line',
      'id',
      'outcome',
      'reason',
      'attempts',
      'ms',
    ]);
    expect(told[1]).toMatchObject({ id: first?.['id'], reason: null, attempts: 1 });
  });

  test(
    '10,000 of them pass a misbehaving proxy: all, once, in order, unchanged',
    async () => {
      const folder = scratchFolder();
      const [input, out, receipts] = ['in', 'out', 'receipts'].map((name) => join(folder, name));
      const lines = Array.from({ length: 10_000 }, (_, n) => `{"n":${n},"text":"Grüße №${n}"}`);
      writeFileSync(input ?? '', `${lines.join('\n')}\n`);
      const wait = ['--wait', '500ms'];
      const { listener, port } = await listening(['--out', out ?? '', ...wait]);
      const faults = [
        '--cut',
        '150ms',
        '--reset',
        '200ms',
        '--stall',
        '400ms',
        '--stall-for',
        '2s',
      ];
      const proxy = wilco(['proxy', '-l', '0', '--to', `127.0.0.1:${port}`, '--json', ...faults]);
      const [, proxied] = await proxy.errors(/"port":(\d+)/);
      const to = ['--to', `127.0.0.1:${proxied ?? ''}`, '--retry', '100ms'];
      const sender = wilco(['send', ...to, '--receipts', receipts ?? '', ...wait, input ?? '']);
      expect([await sender.exit, sender.stderr]).toEqual([0, expect.stringContaining('10,000 of')]);
      expect(bodiesOf(readFileSync(out ?? '', 'utf8'))).toEqual(lines);
      const told = objectsOf(readFileSync(receipts ?? '', 'utf8'));
      expect(told.map(({ line }) => line)).toEqual(lines.map((_, n) => n));
      expect(new Set(told.map(({ outcome }) => outcome))).toEqual(new Set(['handled']));
      proxy.kill('SIGTERM');
      expect(await proxy.exit).toBe(0);
      const struck = objectsOf(proxy.text);
      expect(struck.length).toBeGreaterThan(2);
      expect(struck[0]).toMatchObject({
        event: 'fault',
        direction: expect.stringMatching(/up|down/),
      });
      expect(struck.at(-1)).toMatchObject({ event: 'end', connections: expect.any(Number) });
      listener.kill('SIGTERM');
      expect(await listener.exit).toBe(0);
    },
    SLOW_MS,
  );

  test('of another type, or too long for the other side, are rejected with the reason', async () => {
    const { port } = await listening(['--max-message', '1KiB', '--type', 'a', '--type', 'b']);
    const input = `"${'x'.repeat(2_000)}"\n"short"\n`;
    const wrong = wilco(['send', '--to', `:${port}`, '--json'], { input });
    expect(await wrong.exit).toBe(1);
    const [summary] = objectsOf(wrong.text);
    expect(summary).toMatchObject({ lines: 2, handled: 0, rejected: 2 });
    expect(wrong.text).toContain('WILCO_TYPE_UNKNOWN');
    const right = wilco(['send', '--to', `:${port}`, '--type', 'b', '--json'], { input });
    expect(await right.exit).toBe(1);
    expect(objectsOf(right.text)[0]).toMatchObject({ lines: 2, handled: 1, rejected: 1 });
    expect(right.text).toContain('WILCO_PAYLOAD_TOO_LARGE');
  });

  test('that are too long to be sent are named with their size; those after them go on', async () => {
    const { port } = await listening();
    const input = `"${'x'.repeat(100_000)}"\n"short"\n`;
    const sender = wilco(['send', '--to', `:${port}`, '--max-message', '64KiB'], { input });
    expect(await sender.exit).toBe(1);
    expect(sender.stderr).toContain('line 0 is too long: 100002 bytes, at most 65536');
    expect(sender.stderr).toContain('1 of 2 lines handled');
  });

  test('append to what --out holds already', async () => {
    const out = join(scratchFolder(), 'out.ndjson');
    writeFileSync(out, '{"earlier":true}\n');
    const { port } = await listening(['--out', out, '--sync']);
    expect(await wilco(['send', '--to', `:${port}`], { input: '1\n2\n' }).exit).toBe(0);
    expect(readFileSync(out, 'utf8')).toMatch(/^\{"earlier":true\}\n.*"body":1\}\n.*"body":2\}\n$/);
  });

  test('with a token pass only where it is the same', async () => {
    const tokens = join(scratchFolder(), 'token');
    writeFileSync(tokens, 'open sesame\n');
    const { listener, port } = await listening([], { env: { WILCO_TOKEN: 'open sesame' } });
    const send = ['send', '--to', `:${port}`];
    expect(await wilco([...send, '--token-file', tokens], { input: '1\n' }).exit).toBe(0);
    const stranger = wilco(send, { input: '2\n', env: { WILCO_TOKEN: 'guess' } });
    expect(await stranger.exit).toBe(1);
    expect(stranger.stderr).toContain('WILCO_AUTHENTICATION_FAILED');
    expect(bodiesOf(listener.text)).toEqual(['1']);
  });

  test('pass a Unix socket as well', async () => {
    const path = join(scratchFolder(), 'wilco.sock');
    const listener = wilco(['listen', '--path', path]);
    await listener.errors(/listening on unix:/);
    expect(await wilco(['send', '--to', `unix:${path}`], { input: '{"a":1}\n' }).exit).toBe(0);
    expect(bodiesOf(listener.text)).toEqual(['{"a":1}']);
  });
});

describe('a listener that is killed', () => {
  test(
    'is followed by the next one: every line is there, those that came twice are marked',
    async () => {
      const out = join(scratchFolder(), 'out.ndjson');
      const { listener, port } = await listening(['--out', out]);
      // What the listener says is on its way for long enough to die with the network.
      const proxy = ['proxy', '--to', `127.0.0.1:${port}`, '--json', '-l'];
      const network = wilco([...proxy, '0', '--delay', '500ms']);
      const [, proxied = ''] = await network.errors(/"port":(\d+)/);
      const words = ['send', '--to', `127.0.0.1:${proxied}`, '--retry', '200ms', '--json'];
      const sender = wilco(words, { isInputOpen: true });
      const lines = Array.from({ length: 3_000 }, (_, n) => `{"n":${n}}`);
      sender.child.stdin?.write(`${lines.slice(0, 1_500).join('\n')}\n`);
      while (readFileSync(out).length === 0) await delay(10);
      network.kill('SIGKILL');
      listener.kill('SIGKILL');
      await sender.errors(/"event":"offline"/);
      await Promise.all([network.exit, listener.exit]);
      await listening(['--out', out, '--port', String(port)]);
      wilco([...proxy, proxied]);
      sender.child.stdin?.end(`${lines.slice(1_500).join('\n')}\n`);
      expect(await sender.exit).toBe(0);
      expect(objectsOf(sender.text)[0]).toMatchObject({ lines: 3_000, handled: 3_000 });
      const arrived = objectsOf(readFileSync(out, 'utf8'));
      expect(arrived.length).toBeGreaterThan(lines.length);
      const first = new Map<string, boolean>();
      for (const { body, resent } of arrived) {
        const key = JSON.stringify(body);
        // A second copy says of itself that it may be one.
        if (first.has(key)) expect(resent).toBe(true);
        first.set(key, true);
      }
      expect([...first.keys()]).toEqual(lines);
    },
    SLOW_MS,
  );
});
