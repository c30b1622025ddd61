import { describe, expect, test } from 'vitest';
import { connect, type Client, type ConnectFailure, type RenewalFailure } from '../src/index.ts';
import { ManualClock } from '../../endpoint/test/manual-clock.ts';
import { MemoryTransport } from '../../endpoint/test/memory-transport.ts';
import { welcome } from '../../endpoint/test/scripted-peer.ts';
import { start } from './scripted-server.ts';

const ACCEPTED = { kind: 'notice', notice: 'credentialsAccepted' } as const;
const UNDECIDED = { kind: 'notice', notice: 'credentialsUndecided' } as const;

/** A client whose credentials are `key 1`, `key 2`, …, or what `answers` says. */
async function startWith(answers: (number: number) => string | Promise<string> = keyOf) {
  let asked = 0;
  const started = await start({ credentials: () => answers(++asked), welcomeTimeoutMs: 1_000 });
  const failures: RenewalFailure[] = [];
  started.client.on('renewalFailed', (failure) => failures.push(failure));
  const shown = (index = 0): string[] =>
    started
      .peer(index)
      .all('credentials')
      .map(({ credentials }) => new TextDecoder().decode(credentials));
  return { ...started, failures, shown };
}

function keyOf(number: number): string {
  return `key ${number}`;
}

describe('a try to connect that fails', () => {
  test('because there are no credentials is an event, and is made again', async () => {
    const cause = new Error('the vault is closed');
    let asked = 0;
    const { client, clock, peers, stop } = await start({
      credentials: () => {
        asked += 1;
        if (asked < 3) throw cause;
        return 'key';
      },
    });
    const failures: ConnectFailure[] = [];
    client.on('connectFailed', (failure) => failures.push(failure));
    await clock.advance(1_000);
    expect(failures).toMatchObject([
      { error: { code: 'WILCO_CREDENTIALS_FAILED', cause }, attempt: 2, retryInMs: 125 },
    ]);
    expect(peers).toHaveLength(1);
    await stop();
  });

  test('because `credentials` never answers is given up after a time, and a late answer is nothing', async () => {
    const answers: ((key: string) => void)[] = [];
    const { client, clock, peers, stop } = await start({
      credentials: () => new Promise((resolve) => answers.push(resolve)),
      connectTimeoutMs: 400,
    });
    const failures: ConnectFailure[] = [];
    client.on('connectFailed', (failure) => failures.push(failure));
    await clock.advance(410);
    expect(failures).toMatchObject([{ error: { code: 'WILCO_CREDENTIALS_FAILED' } }]);
    answers[0]?.('late');
    await clock.settle();
    expect(peers).toEqual([]);
    answers[1]?.('in time');
    await clock.settle();
    expect(peers).toHaveLength(1);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test('because the server refuses it for now is an event with the server’s code', async () => {
    const { client, peer, clock, stop } = await start();
    const failures: ConnectFailure[] = [];
    client.on('connectFailed', (failure) => failures.push(failure));
    const code = 'WILCO_AUTHENTICATION_UNAVAILABLE';
    await peer.answers({ kind: 'refuse', code, reason: '', retryAfterMs: 700 });
    expect(failures).toMatchObject([{ error: { code }, attempt: 1, retryInMs: 700 }]);
    await clock.advance(700);
    expect(peer(1).kinds).toEqual(['hello']);
    await stop();
  });
});

describe('credentials of a running session', () => {
  test('are renewed when the application asks for it, and the server has the last word', async () => {
    const { client, peer, clock, shown, stop } = await startWith();
    await client.renewCredentials();
    await peer.answers(welcome());
    const renewed = client.renewCredentials();
    let isDone = false;
    void renewed.then(() => (isDone = true));
    await peer.hears();
    expect([shown(), isDone]).toEqual([['key 2'], false]);
    await peer.answers({ ...ACCEPTED, afterMs: undefined });
    expect(isDone).toBe(true);
    const undecided = expect(client.renewCredentials()).rejects.toMatchObject({
      code: 'WILCO_AUTHENTICATION_UNAVAILABLE',
    });
    await peer.hears();
    await peer.answers({ ...UNDECIDED, afterMs: 300 });
    await undecided;
    await clock.advance(310);
    expect(shown()).toEqual(['key 2', 'key 3', 'key 4']);
    const lost = expect(client.renewCredentials()).rejects.toMatchObject({
      code: 'WILCO_CONNECTION_LOST',
    });
    peer().vanish();
    await clock.settle();
    await lost;
    await stop();
    await expect(client.renewCredentials()).rejects.toMatchObject({ code: 'WILCO_CLOSED' });
  });

  test('that are not accepted fail with what the server says, and the connection ends', async () => {
    const { client, peer, stop } = await startWith();
    await peer.answers(welcome());
    const code = 'WILCO_AUTHENTICATION_FAILED';
    const failed = expect(client.renewCredentials()).rejects.toMatchObject({ code });
    await peer.hears();
    await peer.answers({
      kind: 'close',
      mode: 'detach',
      code,
      reason: '',
      retryAfterMs: undefined,
    });
    await failed;
    await peer.hears();
    expect(peer(1).kinds).toEqual(['hello']);
    await stop();
  });

  test('are renewed by themselves when 80 % of their time is over, again and again', async () => {
    const { peer, clock, shown, stop } = await startWith();
    await peer.answers(welcome({ validForMs: 10_000 }));
    await clock.advance(7_990);
    expect(shown()).toEqual([]);
    await clock.advance(20);
    expect(shown()).toEqual(['key 2']);
    await peer.answers({ ...ACCEPTED, afterMs: 5_000 });
    await clock.advance(3_980);
    expect(shown()).toEqual(['key 2']);
    await clock.advance(40);
    expect(shown()).toEqual(['key 2', 'key 3']);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test('that can not be had in time are an event, and are asked for again', async () => {
    const { peer, clock, shown, failures, stop } = await startWith((number) => {
      if (number === 2) throw new Error('not now');
      return keyOf(number);
    });
    await peer.answers(welcome({ validForMs: 10_000 }));
    await clock.advance(8_010);
    expect(failures).toMatchObject([
      { error: { code: 'WILCO_CREDENTIALS_FAILED' }, retryInMs: 1_000 },
    ]);
    await clock.advance(1_000);
    expect(shown()).toEqual(['key 3']);
    // Nor does the server answer.
    await clock.advance(1_000);
    expect(failures).toHaveLength(2);
    await stop();
  });

  test('that there are none of can not be renewed', async () => {
    const { client, peer, stop } = await start();
    await peer.answers(welcome());
    await expect(client.renewCredentials()).rejects.toMatchObject({ code: 'WILCO_OPTION_INVALID' });
    await stop();
  });
});

test('a client that was revoked does not come back, and says why', async () => {
  const { peer, client, clock, events, peers } = await start();
  await peer.answers(welcome());
  const bye = { kind: 'close', mode: 'end', reason: '', retryAfterMs: undefined } as const;
  peer().say({ ...bye, code: 'WILCO_REVOKED' }, { kind: 'closeAck', channels: [] });
  await clock.advance(60_000);
  expect(events).toEqual(['online', 'closed WILCO_REVOKED']);
  expect(peers).toHaveLength(1);
  expect(() => client.send({ name: 'x' } as never, 1)).toThrow('WILCO_CLOSED');
});

test('a client is closed where it goes out of scope', async () => {
  const clock = new ManualClock();
  let seen: Client | undefined;
  {
    await using client = connect({ port: 1, transport: new MemoryTransport(clock), clock });
    seen = client;
    await clock.settle();
  }
  await expect(seen.opened).rejects.toMatchObject({ code: 'WILCO_CLOSED' });
  await clock.advance(10_000);
  expect(clock.pending).toBe(0);
});
