import {
  type AckFrame,
  type Announcement,
  type Frame,
  type FrameKind,
  type HelloFrame,
  type MessageFrame,
  type ReadyFrame,
  type WelcomeFrame,
} from '../../protocol/src/index.ts';
import { FrameDecoder, FrameEncoder, messagePack } from '../../codec/src/index.ts';
import type { MemoryConnection } from './memory-transport.ts';

const MESSAGE_PACK = messagePack();

/** The other side of one connection, which says what the test tells it to. */
export class ScriptedPeer {
  readonly frames: Frame[] = [];
  isEnded = false;
  readonly #connection: MemoryConnection;
  readonly #encoder = new FrameEncoder();
  #decoder: FrameDecoder;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
    this.#decoder = new FrameDecoder({ expectsPreamble: connection.isReliable });
    if (connection.isReliable) this.#encoder.appendPreamble();
    connection.attach({
      opened: () => {},
      received: (bytes) => {
        this.#decoder.push(bytes, (frame) => this.frames.push(copied(frame)));
      },
      ended: () => (this.isEnded = true),
      failed: () => (this.isEnded = true),
      closed: () => (this.isEnded = true),
    });
  }

  /** What came in, in order. */
  get kinds(): FrameKind[] {
    return this.frames.map(({ kind }) => kind);
  }

  say(...frames: Frame[]): void {
    for (const frame of frames) this.#encoder.append(frame);
    for (const bytes of this.#encoder.take()) this.#connection.write(bytes);
  }

  sayBytes(bytes: Uint8Array): void {
    this.#connection.write(bytes);
  }

  /** Ends the connection without a word. */
  vanish(): void {
    this.#connection.destroy();
  }

  all<Kind extends FrameKind>(kind: Kind): Extract<Frame, { kind: Kind }>[] {
    return this.frames.filter(
      (frame): frame is Extract<Frame, { kind: Kind }> => frame.kind === kind,
    );
  }

  last<Kind extends FrameKind>(kind: Kind): Extract<Frame, { kind: Kind }> {
    const frame = this.all(kind).at(-1);
    if (frame === undefined) throw new Error(`no ${kind} among ${this.kinds.join(', ')}`);
    return frame;
  }
}

function copied(frame: Frame): Frame {
  return 'payload' in frame ? { ...frame, payload: frame.payload.slice() } : frame;
}

export const ANNOUNCEMENT: Announcement = {
  waitMs: 25_000,
  ackDelayMs: 0,
  handlerTimeoutMs: 1_000,
  handlerGraceMs: 0,
  resumeWindowMs: 120_000,
  maxMessageBytes: 1_000_000,
  worth: 'memory',
  hasIntegrity: false,
  features: 0,
};

const WINDOW = { messages: 1_000, bytes: 1_000_000 };

/** An ACK of the channels named: received and handled up to the same position. */
export function ack(number: number, positions: Readonly<Record<number, number>> = {}): AckFrame {
  const channels = { 0: 1, 1: 1, ...positions };
  return {
    kind: 'ack',
    number,
    delayUs: 0,
    window: WINDOW,
    channels: Object.entries(channels).map(([channel, position]) => ({
      channel: Number(channel),
      received: position,
      handled: position,
      ranges: [],
      window: WINDOW,
      partial: undefined,
    })),
  };
}

export function hello(changes: Partial<HelloFrame> = {}): HelloFrame {
  return {
    kind: 'hello',
    minVersion: 1,
    maxVersion: 1,
    runId: 'aa'.repeat(16),
    attempt: { boot: 1, counter: 1 },
    session: undefined,
    abandon: undefined,
    expectedServer: undefined,
    channels: [],
    hasIntegrity: false,
    worth: 'memory',
    features: 0,
    credentials: undefined,
    ...changes,
  };
}

export function welcome(changes: Partial<WelcomeFrame> = {}): WelcomeFrame {
  return {
    kind: 'welcome',
    version: 1,
    serverId: 'scripted',
    runId: 'bb'.repeat(16),
    sessionId: '11'.repeat(16),
    token: new Uint8Array(32).fill(1),
    newReason: 'first',
    predecessor: undefined,
    channels: [],
    announcement: ANNOUNCEMENT,
    ack: ack(1),
    ...changes,
  };
}

export function ready(changes: Partial<ReadyFrame> = {}): ReadyFrame {
  return { kind: 'ready', announcement: ANNOUNCEMENT, ack: ack(1), ...changes };
}

export function message(
  seq: number,
  body: unknown,
  changes: Partial<MessageFrame> = {},
): MessageFrame {
  return {
    kind: 'message',
    channel: 1,
    seq,
    type: 1,
    ttlMs: undefined,
    id: undefined,
    isResent: false,
    ackNow: false,
    totalBytes: undefined,
    extensions: [],
    payload: MESSAGE_PACK.encode(body),
    ...changes,
  };
}

/** Gives type number 1 a name. */
export function types(name: string): Frame {
  return { kind: 'types', types: [{ number: 1, name }], channels: [] };
}
