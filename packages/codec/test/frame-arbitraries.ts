import { LIMITS, type Frame, type FrameKind } from '@wilco/protocol';
import fc from 'fast-check';

/** Whole numbers with a liking for both ends and for where varints grow. */
function whole(least: number, most: number): fc.Arbitrary<number> {
  const edges = [least, least + 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, most - 1, most];
  const inside = edges.filter((edge) => edge >= least && edge <= most);
  return fc.oneof(fc.constantFrom(...inside), fc.integer({ min: least, max: most }));
}

const MAX = Number.MAX_SAFE_INTEGER;
const anything = whole(0, MAX);
const seq = whole(1, MAX);
const durationMs = whole(0, LIMITS.durationMs);
const isTrue = fc.boolean();

/** Text of at most that many bytes. */
function text(least: number, mostBytes: number): fc.Arbitrary<string> {
  const most = Math.floor(mostBytes / 4);
  return fc.oneof(
    fc.string({ minLength: least, maxLength: most, unit: 'binary' }),
    fc.string({ minLength: least, maxLength: mostBytes, unit: 'grapheme-ascii' }),
    fc.constantFrom('x'.repeat(mostBytes), '\ufeffx', 'é'.repeat(mostBytes / 2)),
  );
}

function bytes(least: number, most: number): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ minLength: least, maxLength: Math.min(most, 300) }) },
    { weight: 1, arbitrary: fc.constantFrom(most, Math.floor(most / 2)).map(pattern) },
  );
}

function pattern(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => i * 31);
}

const id = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((raw) => Buffer.from(raw).toString('hex'));
const token = fc.uint8Array({ minLength: 32, maxLength: 32 });
const worth = fc.constantFrom('memory', 'lazy', 'synced');
const newReason = fc.constantFrom(
  'first',
  'unknown',
  'clientStateLost',
  'serverStateLost',
  'ended',
);
const messages = fc.record({ messages: anything, bytes: anything });

function optional<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

/** A list in ascending order of one of its numbers, each of them once. */
function ascending<Item>(
  item: fc.Arbitrary<Item>,
  by: (item: Item) => number,
  maxLength: number,
): fc.Arbitrary<Item[]> {
  return fc
    .uniqueArray(item, { selector: by, maxLength, size: 'small' })
    .map((list) => list.sort((a, b) => by(a) - by(b)));
}

const channelOffers = ascending(
  fc.record({ channel: anything, first: seq, reported: seq }),
  (offer) => offer.channel,
  LIMITS.channels,
);

const announcement = fc.record({
  waitMs: whole(100, LIMITS.durationMs),
  ackDelayMs: durationMs,
  handlerTimeoutMs: durationMs,
  handlerGraceMs: durationMs,
  resumeWindowMs: durationMs,
  maxMessageBytes: whole(1, LIMITS.messageBytes),
  worth,
  hasIntegrity: isTrue,
  features: anything,
});

/** Positions and ranges from a list of steps: handled, then gap, length, gap, length, … */
const channelAck = fc
  .record({
    channel: anything,
    handled: whole(1, 2 ** 40),
    steps: fc.array(fc.tuple(whole(1, 2 ** 20), whole(1, 2 ** 20)), {
      maxLength: 64,
      size: 'small',
    }),
    behind: whole(0, 2 ** 20),
    window: messages,
    partial: optional(fc.tuple(whole(0, 2 ** 20), whole(0, 2 ** 40), whole(0, 2 ** 40))),
  })
  .map(({ channel, handled, steps, behind, window, partial }) => {
    const ranges: number[] = [];
    let end = handled;
    for (const [gap, length] of steps) {
      ranges.push(end + gap, end + gap + length);
      end += gap + length;
    }
    const received = end + behind;
    return { channel, received, handled, ranges, window, partial: asPartial(partial, received) };
  });

function asPartial(parts: [number, number, number] | undefined, received: number) {
  if (parts === undefined) return undefined;
  const [ahead, offset, more] = parts;
  return { seq: received + ahead, offset, granted: offset + more };
}

const started = ascending(
  fc.record({ channel: anything, started: seq }),
  (entry) => entry.channel,
  LIMITS.channels,
);

const ack = fc.record({
  kind: fc.constant('ack' as const),
  number: seq,
  delayUs: anything,
  window: messages,
  channels: ascending(channelAck, (channel) => channel.channel, 8),
});

const extensions = ascending(
  fc.record({ tag: whole(3, MAX), value: fc.uint8Array({ maxLength: 40 }) }),
  (extension) => extension.tag,
  LIMITS.extensions,
);

const payload = bytes(0, LIMITS.fragmentBytes);

/** Total bytes, if any, are more than the payload, which has some then. */
function withTotal<Parts extends { payload: Uint8Array }>(parts: fc.Arbitrary<Parts>) {
  return fc.tuple(parts, optional(whole(1, 2 ** 20))).map(([rest, more]) => ({
    ...rest,
    totalBytes:
      more === undefined || rest.payload.length === 0 ? undefined : rest.payload.length + more,
  }));
}

const message = withTotal(
  fc.record({
    kind: fc.constant('message' as const),
    channel: fc.oneof(fc.constant(1), whole(2, MAX)),
    seq,
    type: anything,
    ttlMs: optional(durationMs),
    id: optional(text(1, LIMITS.messageIdBytes)),
    isResent: isTrue,
    ackNow: isTrue,
    extensions,
    payload,
  }),
);

const answered = {
  kind: fc.constant('answer' as const),
  seq,
  answeredChannel: seq,
  answeredSeq: seq,
  answeredId: optional(text(1, LIMITS.messageIdBytes)),
  ackNow: isTrue,
  extensions,
};

const NO_WHY = {
  code: fc.constant(''),
  reason: fc.constant(''),
  hasRun: fc.constant(false),
  isRetryable: fc.constant(false),
};
const NO_REPLY = { totalBytes: fc.constant(undefined), payload: fc.constant(new Uint8Array(0)) };

const answer = fc.oneof(
  withTotal(fc.record({ ...answered, ...NO_WHY, outcome: fc.constant('reply' as const), payload })),
  fc.record({ ...answered, ...NO_WHY, ...NO_REPLY, outcome: fc.constant('replyLost' as const) }),
  fc.record({
    ...answered,
    ...NO_REPLY,
    outcome: fc.constant('rejected' as const),
    code: text(0, LIMITS.codeBytes),
    reason: text(0, LIMITS.reasonBytes),
    hasRun: isTrue,
    isRetryable: isTrue,
  }),
  fc.record({
    ...answered,
    ...NO_WHY,
    ...NO_REPLY,
    outcome: fc.constantFrom('expired' as const, 'cancelled' as const),
    code: text(0, LIMITS.codeBytes),
  }),
);

const names = (maxBytes: number) =>
  fc.array(fc.record({ number: anything, name: text(1, maxBytes) }), { maxLength: 20 });
const code = text(0, LIMITS.codeBytes);
const reason = text(0, LIMITS.reasonBytes);
const retryAfterMs = optional(durationMs);
const elsewhere = optional(
  fc.array(text(1, LIMITS.addressBytes), { minLength: 1, maxLength: LIMITS.elsewhere }),
);

const hello = fc
  .record({
    kind: fc.constant('hello' as const),
    versions: fc.tuple(seq, seq),
    runId: id,
    attempt: fc.record({ boot: seq, counter: seq }),
    session: optional(fc.record({ id, token })),
    abandon: optional(newReason),
    expectedServer: optional(text(1, LIMITS.serverIdBytes)),
    channels: channelOffers,
    hasIntegrity: isTrue,
    worth,
    features: anything,
    credentials: optional(bytes(0, LIMITS.credentialsBytes)),
  })
  .map(({ versions: [one, other], ...rest }) => ({
    ...rest,
    minVersion: Math.min(one, other),
    maxVersion: Math.max(one, other),
    abandon: rest.session === undefined ? undefined : rest.abandon,
  }));

/** Any frame of each kind, from all over its range. */
export const FRAMES = {
  hello,
  welcome: fc.record({
    kind: fc.constant('welcome'),
    version: seq,
    serverId: text(1, LIMITS.serverIdBytes),
    runId: id,
    sessionId: id,
    token,
    newReason: optional(newReason),
    predecessor: optional(id),
    predecessorAck: optional(ack),
    predecessorStarted: optional(started),
    validForMs: optional(whole(1, LIMITS.durationMs)),
    channels: channelOffers,
    announcement,
    ack,
  }),
  refuse: fc.record({ kind: fc.constant('refuse'), code, reason, retryAfterMs, elsewhere }),
  ready: fc.record({ kind: fc.constant('ready'), announcement, ack }),
  types: fc.record({
    kind: fc.constant('types'),
    types: names(LIMITS.typeNameBytes),
    channels: names(LIMITS.channelNameBytes),
  }),
  credentials: fc.record({
    kind: fc.constant('credentials'),
    credentials: bytes(0, LIMITS.credentialsBytes),
  }),
  message,
  answer,
  fragment: fc.record({
    kind: fc.constant('fragment'),
    channel: anything,
    seq,
    offset: whole(1, MAX - LIMITS.fragmentBytes),
    payload: bytes(1, LIMITS.fragmentBytes),
  }),
  void: fc
    .tuple(
      anything,
      whole(1, MAX - 1),
      seq,
      fc.constantFrom('cancelled', 'expired', 'moved', 'failed'),
    )
    .map(([channel, from, count, why]) => ({
      kind: 'void' as const,
      channel,
      from,
      to: from + Math.min(count, MAX - from),
      reason: why,
    })),
  cancel: fc.record({ kind: fc.constant('cancel'), channel: seq, seq }),
  ack,
  probe: fc.record({ kind: fc.constant('probe'), nonce: anything, written: anything }),
  probeAck: fc.record({ kind: fc.constant('probeAck'), nonce: anything, seen: anything }),
  ping: fc.record({ kind: fc.constant('ping'), written: anything }),
  status: fc.record({
    kind: fc.constant('status'),
    query: anything,
    id: text(1, LIMITS.messageIdBytes),
    ageMs: fc.option(anything, { nil: undefined }),
  }),
  statusAck: fc.record({
    kind: fc.constant('statusAck'),
    query: anything,
    status: fc.constantFrom(
      'handled',
      'rejected',
      'expired',
      'cancelled',
      'pending',
      'neverSeen',
      'forgotten',
      'unsupported',
    ),
    reason,
  }),
  close: fc.record({
    kind: fc.constant('close'),
    mode: fc.constantFrom('end', 'detach'),
    code,
    reason,
    retryAfterMs,
    elsewhere,
  }),
  closeAck: fc.record({
    kind: fc.constant('closeAck'),
    channels: started,
  }),
  notice: fc.record({
    kind: fc.constant('notice'),
    notice: fc.constantFrom(
      'takenOver',
      'goingAway',
      'credentialsAccepted',
      'credentialsUndecided',
    ),
    afterMs: retryAfterMs,
    elsewhere,
  }),
} as { readonly [Kind in FrameKind]: fc.Arbitrary<Extract<Frame, { kind: Kind }>> };

/** A frame of any kind. */
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(...Object.values(FRAMES));
