/** Ordinary frames of which the cases are variations. */

const id = (pair) => pair.repeat(16);
const token = (pair) => pair.repeat(32);

/** A window as a new session has it. */
export const window = { messages: 64, bytes: 65_536 };

export const firstAck = { kind: 'ack', number: 1, delayUs: 0, window, channels: [] };

export const announcement = {
  waitMs: 25_000,
  ackDelayMs: 20,
  handlerTimeoutMs: 300_000,
  handlerGraceMs: 5_000,
  resumeWindowMs: 120_000,
  maxMessageBytes: 16_777_216,
  worth: 'memory',
  hasIntegrity: false,
  features: 0,
};

export const hello = {
  kind: 'hello',
  minVersion: 1,
  maxVersion: 1,
  runId: id('a1'),
  attempt: { boot: 1, counter: 1 },
  channels: [],
  hasIntegrity: false,
  worth: 'memory',
  features: 0,
};

export const resumingHello = {
  ...hello,
  attempt: { boot: 3, counter: 130 },
  session: { id: id('5e'), token: token('70') },
  expectedServer: 'orders-1',
  channels: [
    { channel: 0, first: 1, reported: 1 },
    { channel: 1, first: 1, reported: 301 },
    { channel: 2, first: 129, reported: 129 },
  ],
  worth: 'synced',
};

export const welcome = {
  kind: 'welcome',
  version: 1,
  serverId: 'localhost:7411',
  runId: id('b2'),
  sessionId: id('5e'),
  token: token('71'),
  newReason: 'first',
  channels: [],
  announcement,
  ack: firstAck,
};

export const resumedWelcome = {
  ...welcome,
  newReason: undefined,
  channels: [{ channel: 0, first: 1, reported: 40 }],
  ack: {
    ...firstAck,
    channels: [
      {
        channel: 0,
        received: 1,
        handled: 1,
        ranges: [],
        window: { messages: 65_536, bytes: 1_048_576 },
      },
      { channel: 1, received: 310, handled: 305, ranges: [306, 308], window },
    ],
  },
};

export const message = {
  kind: 'message',
  channel: 1,
  seq: 1,
  type: 1,
  isResent: false,
  ackNow: false,
  extensions: [],
  payload: '',
};

export const answer = {
  kind: 'answer',
  seq: 1,
  answeredChannel: 1,
  answeredSeq: 1,
  outcome: 'reply',
  code: '',
  reason: '',
  hasRun: false,
  isRetryable: false,
  ackNow: false,
  extensions: [],
  payload: '',
};

/** An ACK of a channel in which nothing has happened. */
export const channelAck = { channel: 1, received: 1, handled: 1, ranges: [], window };
export const ack = { ...firstAck, number: 2 };
