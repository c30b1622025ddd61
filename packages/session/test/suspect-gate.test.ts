import { expect, test } from 'vitest';
import { SuspectGate } from '../src/index.ts';
import { IncomingMessage } from '../src/incoming-message.ts';

function suspect(attempts: number): IncomingMessage {
  return new IncomingMessage({
    channel: 1,
    channelName: 'default',
    seq: 1,
    type: 't',
    id: undefined,
    isResent: false,
    extensions: [],
    expiresAtMs: Infinity,
    acceptedAtMs: 0,
    cost: 0,
    attempts,
    payload: new Uint8Array(),
  });
}

test('suspects have their turn one at a time, those with the fewest attempts first', () => {
  const gate = new SuspectGate();
  const [poison, other, innocent, gone] = [suspect(7), suspect(3), suspect(2), suspect(2)];
  const admitted: string[] = [];
  expect(gate.enter(poison, () => admitted.push('poison'))).toBe(true);
  expect(gate.enter(other, () => admitted.push('other'))).toBe(false);
  expect(gate.enter(gone, () => admitted.push('gone'))).toBe(false);
  expect(gate.enter(innocent, () => admitted.push('innocent'))).toBe(false);
  expect(gate.enter(poison, () => admitted.push('poison'))).toBe(true);
  gate.leave(gone);
  expect(gate.isWaiting(innocent)).toBe(true);
  gate.leave(poison);
  expect(admitted).toEqual(['innocent']);
  expect(gate.isWaiting(innocent)).toBe(false);
  expect(gate.enter(innocent, () => admitted.push('innocent'))).toBe(true);
  gate.leave(innocent);
  gate.leave(other);
  expect(admitted).toEqual(['innocent', 'other']);
  expect(gate.enter(poison, () => undefined)).toBe(true);
});
