import { describe, expect, test } from 'vitest';
import {
  consoleLog,
  defineMessage,
  LOG_EVENTS,
  Rejection,
  type LogEntry,
  type LogHook,
} from '@wilco/client';
import { everythingLogged } from './log-scenarios.ts';
import { virtualPair } from './virtual-pair.ts';

const Order = defineMessage<{ readonly secret: string }, string>('order');
const Bulk = defineMessage<Uint8Array>('bulk');

describe('the log', () => {
  test('lets one message be followed at both sides, from send to settled, by its id', async () => {
    const { entries, log } = recorder();
    const pair = await virtualPair({ client: { log }, server: { log } });
    pair.server.handle(Order, () => 'done');
    const receipt = pair.client.send(Order, { secret: 'x' }, { id: 'mine', channel: 'orders' });
    pair.client.send(Order, { secret: 'x' });
    await pair.run(100);
    expect(receipt.outcome?.status).toBe('handled');
    const lines = entries
      .filter(({ id }) => id === 'mine')
      .map(({ side, event, outcome }) => [side, event, outcome].join(' ').trim());
    expect(lines).toEqual([
      'client message.queued',
      'client message.transmitted',
      'server message.arrived',
      'server handler.started',
      'server handler.finished reply',
      'server answer.transmitted reply',
      'client message.received',
      'client answer.arrived reply',
      'client message.handled',
    ]);
    const ofMine = entries.filter(({ id }) => id === 'mine');
    expect(new Set(ofMine.map(({ channel, seq }) => `${channel} ${seq}`))).toEqual(
      new Set(['orders 1']),
    );
    const { connection, session, type } =
      ofMine.find(({ event }) => event === 'message.arrived') ?? {};
    expect({ connection, session, type }).toEqual({
      connection: 1,
      session: pair.client.id,
      type: 'order',
    });
    await pair.stop();
  });

  test('names a message without an id of its own alike at both sides, by what is derived', async () => {
    const { entries, log } = recorder();
    const pair = await virtualPair({ client: { log }, server: { log } });
    pair.client.handle(Order, () => 'done');
    await pair.until(() => pair.server.sessions.length === 1);
    const receipt = pair.session().send(Order, { secret: 'x' });
    await pair.run(100);
    const sides = entries.filter(({ id }) => id === receipt.id).map(({ side }) => side);
    expect(new Set(sides)).toEqual(new Set(['client', 'server']));
    expect(sides).toHaveLength(9);
    await pair.stop();
  });

  test('never holds a payload, a token, credentials or words of a handler', async () => {
    const { entries, log } = recorder();
    const tokens: string[] = [];
    const random = {
      fraction: () => 0.5,
      bytes: (count: number) => {
        const bytes = crypto.getRandomValues(new Uint8Array(count));
        if (count === 32) tokens.push(Buffer.from(bytes).toString('hex'));
        return bytes;
      },
    };
    const authenticate = (): { identity: string } => ({ identity: 'somebody' });
    const pair = await virtualPair({
      client: { log, credentials: 'hunter2-credentials' },
      server: { log, authenticate, random },
    });
    pair.server.handle(Order, ({ secret }, { attempt }) => {
      if (secret === 'reject') throw new Rejection('NO', 'hunter2-reason');
      if (secret === 'throw') throw new Error(`hunter2-error ${attempt}`);
      return 'hunter2-reply';
    });
    for (const secret of ['hunter2-body', 'reject', 'throw']) pair.client.send(Order, { secret });
    pair.client.send(Bulk, new TextEncoder().encode('hunter2-bulk'.repeat(20_000)));
    await pair.run(100);
    pair.link().cut();
    await pair.run(1_000);
    await pair.stop();
    expect(entries.length).toBeGreaterThan(50);
    expect(tokens.length).toBeGreaterThan(1);
    const text = JSON.stringify(entries);
    const bytes = entries.flatMap((entry) => Object.values<unknown>({ ...entry })).filter(isBytes);
    expect(text).not.toContain('hunter2');
    expect(bytes).toEqual([]);
    for (const token of tokens) {
      expect(
        text.includes(token) || text.includes(Buffer.from(token, 'hex').toString('base64')),
      ).toBe(false);
    }
  });

  test.each<[string, LogHook]>([
    [
      'throws',
      () => {
        throw new Error('the disk is full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the disk is full')) as unknown as undefined],
  ])('harms nothing when its hook %s', async (_, log) => {
    const pair = await virtualPair({ client: { log }, server: { log } });
    pair.server.handle(Order, () => 'done');
    const receipt = pair.client.send(Order, { secret: 'x' });
    await pair.run(100);
    expect(receipt.outcome).toMatchObject({ status: 'handled', reply: 'done' });
    pair.link().cut();
    await pair.run(1_000);
    expect(pair.client.isOnline).toBe(true);
    await pair.stop();
  });

  test('tells with which figures a connection was called dead', async () => {
    const { entries, log } = recorder();
    const pair = await virtualPair({ client: { log, waitMs: 2_000 } });
    pair.server.handle(Order, () => 'done');
    await pair.run(100);
    pair.link().blackHole('both');
    pair.client.send(Order, { secret: 'x' });
    await pair.run(2_500);
    const dropped = entries.find(({ event }) => event === 'connection.dropped');
    expect(dropped).toMatchObject({ level: 'warn', code: 'WILCO_PEER_SILENT', inFlight: 1 });
    expect(dropped?.silentMs).toBeGreaterThanOrEqual(2_000);
    expect(dropped?.oldestUnsettledMs).toBeGreaterThanOrEqual(1_900);
    expect(dropped?.probes).toBeGreaterThan(0);
    await pair.stop();
  });

  test('has every event that is documented, and no other', async () => {
    const seen = new Set((await everythingLogged()).map(({ event }) => event));
    expect([...seen].toSorted()).toEqual(Object.keys(LOG_EVENTS).toSorted());
  });

  test('is refused where it can not be called', async () => {
    const log = 'debug' as unknown as LogHook;
    await expect(virtualPair({ server: { log } })).rejects.toThrow('WILCO_OPTION_INVALID: log is');
  });
});

describe('the log for people', () => {
  const entry: LogEntry = {
    time: 0,
    level: 'info',
    event: 'session.opened',
    side: 'client',
    session: 'aa',
    connection: 2,
    code: undefined,
  };

  test('is one line for each entry, on standard error unless told otherwise', () => {
    const lines: string[] = [];
    consoleLog({ write: (line) => lines.push(line) })(entry);
    expect(lines).toEqual([
      '1970-01-01T00:00:00.000Z info  client session.opened session="aa" connection=2',
    ]);
  });

  test('shows what matters as much as its level', () => {
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      consoleLog({ level, write })(entry);
    }
    expect(lines).toHaveLength(2);
    expect(() => consoleLog({ level: 'loud' as 'info' })).toThrow('WILCO_OPTION_INVALID');
  });
});

function recorder(): { readonly entries: LogEntry[]; readonly log: LogHook } {
  const entries: LogEntry[] = [];
  return { entries, log: (entry) => void entries.push(entry) };
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array || Buffer.isBuffer(value);
}
