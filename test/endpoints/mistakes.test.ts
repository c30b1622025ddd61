import { describe, expect, test } from 'vitest';
import { connect, defineMessage, ping, type ClientOptions } from '@wilco/client';
import { listen } from '@wilco/server';
import { virtualPair } from './virtual-pair.ts';

const Order = defineMessage<number, number>('order');

/** What a program in plain JavaScript may pass, and no compiler has seen. */
const wrong = (value: unknown): never => value as never;

describe('an option that there is not', () => {
  test('is refused by connect(), listen() and ping(), with the one that was meant', async () => {
    expect(() => connect(wrong({ hots: 'here', port: 1 }))).toThrow(
      "WILCO_OPTION_INVALID: connect() has no option 'hots': did you mean host?",
    );
    await expect(listen(wrong({ port: 0, maxSession: 3 }))).rejects.toThrow(/maxSessions\?$/);
    expect(() => ping(wrong({ port: 1, retries: 3 }))).toThrow(/no option 'retries'$/);
  });

  test('is refused inside of options, where the names that there are fit in a line', () => {
    const where = (options: object): ClientOptions => wrong({ port: 1, ...options });
    expect(() => connect(where({ reconnect: { max: 3 } }))).toThrow(
      "reconnect has no option 'max': did you mean maxMs?",
    );
    expect(() => connect(where({ channels: { bulk: { parallel: 3 } } }))).toThrow(
      "channel 'bulk' has no option 'parallel', it has: weight, isUrgent, concurrency",
    );
  });

  test('is refused for a message, a handler, and an end, before anything was done', async () => {
    const { client, server, session } = await opened();
    expect(() => client.send(Order, 1, wrong({ ttl: 5 }))).toThrow(
      "send() has no option 'ttl': did you mean ttlMs?",
    );
    expect(() => server.handle(Order, () => 1, wrong({ parallel: 2 }))).toThrow(
      'handle() has no option',
    );
    await expect(client.drain(wrong({ timeout: 1 }))).rejects.toThrow('it has: signal');
    for (const side of [client, server, session]) {
      await expect(side?.close(wrong({ drain: 0 }))).rejects.toThrow('did you mean drainMs?');
    }
    expect(client.isOnline).toBe(true);
    expect(client.stats()?.sent).toBe(0);
  });

  test('is refused by defineMessage(), and so is what is no schema and no codec', () => {
    const define = (options: unknown): unknown => defineMessage('a', wrong(options));
    expect(() => define({ schemas: 1 })).toThrow('did you mean schema?');
    expect(() => define({ schema: { type: 'object' } })).toThrow(
      "the schema of 'a' is no Standard",
    );
    expect(() => define({ codec: JSON })).toThrow("the codec of 'a' is no codec");
    expect(() => define({ replyCodec: { encode: () => 1 } })).toThrow("the replyCodec of 'a'");
    expect(() => define(5)).toThrow('the options of defineMessage() are 5, wanted an object');
  });
});

describe('a value of the wrong type', () => {
  test('is told from one that looks the same', () => {
    expect(() => connect(wrong({ port: '7411' }))).toThrow("port is '7411' (a string), wanted");
    expect(() => connect({})).toThrow('port is undefined, wanted a number from 1');
    expect(() => connect(wrong(undefined))).toThrow(
      'the options of connect() are undefined, wanted an object',
    );
    expect(() => connect(wrong('tcp://localhost:7411'))).toThrow("are 'tcp://localhost:7411' (a s");
  });

  test('is refused where a message type is wanted: its bare name is none', async () => {
    const { client, server } = await opened();
    const want = "the message type is 'order' (a string), wanted one made by defineMessage()";
    expect(() => client.send(wrong('order'), 1)).toThrow(want);
    expect(() => server.handle(wrong('order'), () => 1)).toThrow(want);
    expect(() => server.handle(wrong(undefined), () => 1)).toThrow('the message type is undefined');
    expect(() => defineMessage(wrong(undefined))).toThrow(
      'is undefined, wanted a non-empty string',
    );
  });
});

describe('the name of a file in the place of what is in it', () => {
  test('is refused, since it would be a certificate that nobody trusts', async () => {
    expect(() => connect({ port: 1, tls: { ca: 'ca.pem' } })).toThrow(
      'WILCO_OPTION_INVALID: tls: ca is no PEM: wanted what is in the file, not its name',
    );
    const tls = { cert: 'cert.pem', key: Buffer.from('key.pem') };
    await expect(listen({ port: 0, tls })).rejects.toThrow('tls: cert is no PEM');
  });
});

test('plain TCP beyond this machine is refused with both ways out of it', async () => {
  const help = 'give tls, or allow it with insecure: true';
  expect(() => connect({ host: 'far.example', port: 7411 })).toThrow(`far.example:7411, beyond`);
  expect(() => connect({ host: 'far.example', port: 7411 })).toThrow(help);
  await expect(listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow(help);
});

test('a message to a client that was refused says why, and so does the log, once', async () => {
  const details: unknown[] = [];
  const { client, until } = await virtualPair({
    server: { authenticate: () => undefined },
    client: { log: ({ event, detail }) => event === 'session.closed' && details.push(detail) },
  });
  let isOver = false;
  client.on('closed', () => (isOver = true));
  await until(() => isOver);
  expect(() => client.send(Order, 1)).toThrow(
    /^WILCO_CLOSED: no new messages are taken, since WILCO_AUTHENTICATION_FAILED: the server ref/,
  );
  expect(details).toEqual(['the server refused: the credentials were not accepted']);
});

async function opened() {
  const { client, server, until } = await virtualPair();
  await until(() => client.isOnline && server.sessions.length === 1);
  return { client, server, session: server.sessions[0] };
}
