import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/src/index.ts';
import { defineMessage } from '../src/index.ts';
import { ack, hello, ready } from '../../endpoint/test/scripted-peer.ts';
import { OTHER_RUN, resume, start } from './scripted-clients.ts';

const Notice = defineMessage<string>('notice');
const BYE = { kind: 'close', mode: 'end', code: '', reason: '', retryAfterMs: undefined } as const;

describe('authenticate', () => {
  test('that throws sends away for a while, and is an event; it refuses nobody for good', async () => {
    let isDown = true;
    const { server, dial, clock, opens } = await start({
      authenticate: () => {
        if (isDown) throw new Error('the directory is down');
        return { identity: 'ada' };
      },
    });
    const failures: unknown[] = [];
    server.on('authenticateFailed', (failure) => failures.push(failure));
    const peer = dial();
    peer.say(hello());
    await clock.settle();
    expect(peer.last('refuse')).toMatchObject({
      code: 'WILCO_AUTHENTICATION_UNAVAILABLE',
      retryAfterMs: 2_500,
    });
    expect(failures).toMatchObject([
      { error: new Error('the directory is down'), remote: 'near', session: undefined },
    ]);
    isDown = false;
    await opens();
    expect(server.sessions.map(({ identity }) => identity)).toEqual(['ada']);
  });

  test('that never answers is an event as well, and keeps nobody for longer than the opening', async () => {
    const { server, dial, clock, stop } = await start({
      authenticate: () => new Promise(() => {}),
      helloTimeoutMs: 700,
    });
    const failures: unknown[] = [];
    server.on('authenticateFailed', ({ error }) => failures.push(error));
    const peer = dial();
    peer.say(hello());
    await clock.advance(800);
    expect(peer.isEnded).toBe(true);
    expect(peer.last('refuse').retryAfterMs).toBeDefined();
    expect(failures).toMatchObject([{ code: 'WILCO_AUTHENTICATION_UNAVAILABLE' }]);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test('that never answers does not keep the server from closing', async () => {
    const { dial, clock, stop } = await start({
      authenticate: () => new Promise(() => {}),
      helloTimeoutMs: 600_000,
    });
    dial().say(hello());
    await clock.settle();
    await stop();
    expect(clock.pending).toBe(0);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 31])(
    'that says %d ms is asked again: nobody is let in by a mistake',
    async (validForMs) => {
      const { dial, clock } = await start({
        authenticate: () => ({ identity: 'ada', validForMs }),
      });
      const peer = dial();
      peer.say(hello());
      await clock.settle();
      expect(peer.last('refuse').code).toBe('WILCO_AUTHENTICATION_UNAVAILABLE');
    },
  );
});

describe('credentials that run out', () => {
  const authenticate = ({ credentials }: { credentials: Uint8Array | undefined }) => {
    if (credentials?.[0] === 9) throw new Error('down');
    return { identity: String(credentials?.[0]), validForMs: 10_000 };
  };

  test('end the connection after a grace, and the session goes on with fresh ones', async () => {
    const { opens, dial, clock, events } = await start({ authenticate, credentialsGraceMs: 2_000 });
    const { peer, told } = await opens({ credentials: Uint8Array.of(1) });
    expect(told.validForMs).toBe(10_000);
    await clock.advance(11_900);
    expect(peer.all('close')).toEqual([]);
    await clock.advance(200);
    expect(peer.last('close')).toMatchObject({
      mode: 'detach',
      code: 'WILCO_AUTHENTICATION_EXPIRED',
    });
    expect(events).toEqual(['session', 'offline WILCO_AUTHENTICATION_EXPIRED']);
    const next = dial();
    next.say({ ...resume(told, 2), credentials: Uint8Array.of(1) });
    await clock.settle();
    expect(next.last('welcome')).toMatchObject({ newReason: undefined, validForMs: 10_000 });
  });

  test('and are renewed in time do not end it, and the client is told for how long', async () => {
    const { opens, clock } = await start({ authenticate, credentialsGraceMs: 0 });
    const { peer } = await opens({ credentials: Uint8Array.of(1) });
    for (let round = 0; round < 3; round++) {
      await clock.advance(8_000);
      peer.say({ kind: 'credentials', credentials: Uint8Array.of(1) });
      await clock.settle();
      expect(peer.last('notice')).toMatchObject({ notice: 'credentialsAccepted', afterMs: 10_000 });
    }
    expect(peer.all('close')).toEqual([]);
    await clock.advance(10_000);
    expect(peer.last('close').code).toBe('WILCO_AUTHENTICATION_EXPIRED');
  });

  test('and can not be checked now stay as valid as they were', async () => {
    const { opens, clock, server } = await start({ authenticate, credentialsGraceMs: 0 });
    let failures = 0;
    server.on('authenticateFailed', () => failures++);
    const { peer } = await opens({ credentials: Uint8Array.of(1) });
    await clock.advance(8_000);
    peer.say({ kind: 'credentials', credentials: Uint8Array.of(9) });
    await clock.settle();
    expect(peer.last('notice')).toMatchObject({ notice: 'credentialsUndecided', afterMs: 2_500 });
    expect(failures).toBe(1);
    await clock.advance(1_900);
    expect(peer.all('close')).toEqual([]);
    await clock.advance(200);
    expect(peer.last('close').code).toBe('WILCO_AUTHENTICATION_EXPIRED');
  });

  test('are accepted for ever by a server that asks nobody', async () => {
    const { opens, clock } = await start();
    const { peer } = await opens();
    peer.say({ kind: 'credentials', credentials: Uint8Array.of(1) });
    await clock.settle();
    expect(peer.last('notice')).toMatchObject({
      notice: 'credentialsAccepted',
      afterMs: undefined,
    });
  });
});

describe('an identity that is revoked', () => {
  const authenticate = ({ credentials }: { credentials: Uint8Array | undefined }) => ({
    identity: String(credentials?.[0]),
  });

  test('loses all its sessions for good, with a connection or without, and no other does', async () => {
    const { opens, clock, server, sessions, events } = await start({ authenticate });
    const { peer: here } = await opens({ credentials: Uint8Array.of(1) });
    const { peer: away } = await opens({ credentials: Uint8Array.of(1), runId: OTHER_RUN });
    await opens({ credentials: Uint8Array.of(2), runId: 'dd'.repeat(16) });
    const written = sessions[0]?.send(Notice, 'a');
    await clock.settle();
    away.vanish();
    await clock.settle();
    const waiting = sessions[1]?.send(Notice, 'b');
    let isOver = false;
    void server.revoke('1').then(() => (isOver = true));
    await clock.settle();
    expect(here.last('close')).toMatchObject({ mode: 'end', code: 'WILCO_REVOKED' });
    here.say(ack(2), BYE, { kind: 'closeAck', channels: [{ channel: 1, started: 1 }] });
    await clock.advance(100);
    here.vanish();
    await clock.advance(10_000);
    expect(isOver).toBe(true);
    expect(written?.outcome).toEqual({ status: 'cancelled', code: 'WILCO_REVOKED' });
    expect(waiting?.outcome).toEqual({ status: 'cancelled', code: 'WILCO_REVOKED' });
    expect(events.filter((event) => event === 'closed WILCO_REVOKED')).toHaveLength(2);
    expect(server.sessions.map(({ identity }) => identity)).toEqual(['2']);
  });

  test('is not let in by an answer from before, nor by a READY that comes after', async () => {
    const answers: (() => void)[] = [];
    const { dial, clock, server, events } = await start({
      authenticate: ({ credentials }) =>
        credentials === undefined
          ? { identity: 'ada' }
          : new Promise((resolve) => answers.push(() => resolve({ identity: 'ada' }))),
    });
    const [asked, welcomed] = [dial(), dial()];
    asked.say(hello({ credentials: Uint8Array.of(1) }));
    welcomed.say(hello());
    await clock.settle();
    void server.revoke('ada');
    answers[0]?.();
    await clock.settle();
    expect(asked.last('refuse')).toMatchObject({ code: 'WILCO_REVOKED', retryAfterMs: undefined });
    expect(welcomed.last('close')).toMatchObject({ mode: 'end', code: 'WILCO_REVOKED' });
    welcomed.say(ready());
    await clock.settle();
    expect([server.sessions, events]).toEqual([[], []]);
  });

  test('leaves nothing in a store that keeps things', async () => {
    const store = memoryStore({ keep: true });
    const first = await start({ store, authenticate });
    await first.opens({ credentials: Uint8Array.of(1) });
    await first.opens({ credentials: Uint8Array.of(2), runId: OTHER_RUN });
    const over = first.server.revoke('1');
    await first.clock.advance(10_000);
    await over;
    await first.stop();
    const second = await start({ store, authenticate });
    expect(second.server.sessions.map(({ identity }) => identity)).toEqual(['2']);
  });
});
