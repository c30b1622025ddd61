import { describe, expect, test } from 'vitest';
import { Pair } from './pair.ts';

describe('a message that is refused', () => {
  test('takes no seq: the next one that is taken has it', () => {
    const pair = new Pair({ client: { outboxMessages: 1, maxMessageBytes: 8 } });
    expect(() => pair.send(pair.client, { bytes: new Uint8Array(9) })).toThrow(
      'WILCO_PAYLOAD_TOO_LARGE',
    );
    expect(() => pair.send(pair.client, { type: '' })).toThrow('WILCO_OPTION_INVALID');
    expect(() => pair.send(pair.client, { channel: '' })).toThrow('WILCO_OPTION_INVALID');
    expect(() => pair.send(pair.client, { channel: 'answers' })).toThrow('WILCO_OPTION_INVALID');
    expect(pair.send(pair.client).seq).toBe(1);
    expect(() => pair.send(pair.client)).toThrow('WILCO_OUTBOX_FULL');
    pair.connect();
    pair.advance(10);
    expect(pair.send(pair.client).seq).toBe(2);
  });

  test('has met an outbox that is full of bytes, or a session that takes no more', () => {
    const pair = new Pair({ client: { outboxBytes: 10 } });
    pair.send(pair.client, { bytes: new Uint8Array(8) });
    expect(() => pair.send(pair.client, { bytes: new Uint8Array(3) })).toThrow('WILCO_OUTBOX_FULL');
    pair.send(pair.client, { bytes: new Uint8Array(2) });
    pair.client.session.stopAccepting();
    expect(() => pair.send(pair.client)).toThrow('WILCO_CLOSED');
  });

  test('is one too large for the peer: it is rejected without having run, and the next passes', () => {
    const pair = new Pair({ server: { maxMessageBytes: 10 } });
    const large = pair.send(pair.client, { bytes: new Uint8Array(11) });
    const small = pair.send(pair.client);
    pair.connect();
    pair.advance(10);
    expect(pair.client.settlements.get(large)).toMatchObject({
      status: 'rejected',
      code: 'WILCO_PAYLOAD_TOO_LARGE',
      hasRun: false,
    });
    expect(pair.client.settlements.get(small)?.status).toBe('handled');
  });
});
