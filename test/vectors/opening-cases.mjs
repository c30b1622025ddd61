/** HELLO, WELCOME, REFUSE and READY: the least, the most, and what is usual. */
import {
  announcement,
  channelAck,
  firstAck,
  hello,
  resumedWelcome,
  resumingHello,
  welcome,
} from './sample-frames.mjs';

const MAX = Number.MAX_SAFE_INTEGER;
const LONGEST_MS = 0x7fff_ffff;
const id = (pair) => pair.repeat(16);
const token = (pair) => pair.repeat(32);

const leastAnnouncement = {
  waitMs: 100,
  ackDelayMs: 0,
  handlerTimeoutMs: 0,
  handlerGraceMs: 0,
  resumeWindowMs: 0,
  maxMessageBytes: 1,
  worth: 'memory',
  hasIntegrity: false,
  features: 0,
};

const mostAnnouncement = {
  waitMs: LONGEST_MS,
  ackDelayMs: LONGEST_MS,
  handlerTimeoutMs: LONGEST_MS,
  handlerGraceMs: LONGEST_MS,
  resumeWindowMs: LONGEST_MS,
  maxMessageBytes: 2 ** 30,
  worth: 'synced',
  hasIntegrity: true,
  features: MAX,
};

const largestHello = {
  kind: 'hello',
  minVersion: MAX,
  maxVersion: MAX,
  runId: id('ff'),
  attempt: { boot: MAX, counter: MAX },
  session: { id: id('ff'), token: token('ff') },
  abandon: 'serverStateLost',
  expectedServer: 's'.repeat(255),
  channels: Array.from({ length: 64 }, (_, i) => ({
    channel: MAX - 63 + i,
    first: MAX,
    reported: MAX,
  })),
  hasIntegrity: true,
  worth: 'lazy',
  features: MAX,
  credentials: '(c0*2048)',
};

/** `[name, frame]` */
export const OPENING_CASES = [
  ['hello, a new session', hello],
  ['hello, resuming three channels at a known server', resumingHello],
  ['hello, giving a session up', { ...resumingHello, abandon: 'clientStateLost', channels: [] }],
  [
    'hello, a range of versions and empty credentials',
    { ...hello, maxVersion: 300, credentials: '' },
  ],
  ['hello, everything at its largest', largestHello],
  ['welcome, a first session', welcome],
  ['welcome, a resumed session', withoutAbsent(resumedWelcome)],
  [
    'welcome, a session that follows another',
    { ...welcome, newReason: 'ended', predecessor: id('5d') },
  ],
  [
    'welcome, the least that can be announced',
    { ...welcome, serverId: 'x', announcement: leastAnnouncement },
  ],
  [
    'welcome, the most that can be announced',
    { ...welcome, serverId: 's'.repeat(255), announcement: mostAnnouncement },
  ],
  [
    'refuse, never to come back',
    { kind: 'refuse', code: 'WILCO_AUTHENTICATION_FAILED', reason: 'unknown user' },
  ],
  [
    'welcome, a session that follows one of which something is known',
    {
      ...welcome,
      newReason: 'ended',
      predecessor: id('5d'),
      predecessorAck: {
        kind: 'ack',
        number: 1,
        delayUs: 0,
        window: { messages: 0, bytes: 0 },
        channels: [
          {
            channel: 1,
            received: 10,
            handled: 4,
            ranges: [6, 8],
            window: { messages: 0, bytes: 0 },
          },
        ],
      },
      predecessorStarted: [{ channel: 1, started: 9 }],
    },
  ],
  ['welcome, credentials valid for a minute', { ...welcome, validForMs: 60_000 }],
  [
    'refuse, and where to go instead',
    {
      kind: 'refuse',
      code: 'WILCO_GOING_AWAY',
      reason: 'moved',
      retryAfterMs: 0,
      elsewhere: ['[2001:db8::2]:7411', 'orders-2.example:7411'],
    },
  ],
  ['refuse, come back at once', { kind: 'refuse', code: '', reason: '', retryAfterMs: 0 }],
  [
    'refuse, the longest texts and delay',
    { kind: 'refuse', code: 'c'.repeat(128), reason: 'ü'.repeat(512), retryAfterMs: LONGEST_MS },
  ],
  ['ready', { kind: 'ready', announcement, ack: firstAck }],
  [
    'ready, an ACK with a channel',
    { kind: 'ready', announcement, ack: { ...firstAck, channels: [channelAck] } },
  ],
];

function withoutAbsent(frame) {
  return Object.fromEntries(Object.entries(frame).filter(([, value]) => value !== undefined));
}
