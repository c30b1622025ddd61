/**
 * A small client over TCP, written after PROTOCOL.md alone: it opens, sends, gets answers,
 * loses its connection, resumes and closes. It sends in one channel, and less than any
 * first window; it has no handlers (what it gets it keeps, and says *handled*), takes
 * nothing large, and has no timer but its heartbeat. It shows how little a correct peer
 * needs, and checks our server as a stranger would.
 */
import { randomBytes } from 'node:crypto';
import { PlainConnection } from './plain-connection.mjs';
import { hexOf, PREAMBLE } from './plain-encoder.mjs';

/** What this client takes in flight: it keeps everything, so it is generous. */
const WINDOW = { messages: 1024, bytes: 4 * 1024 * 1024 };
const ANNOUNCEMENT = {
  waitMs: 10_000,
  ackDelayMs: 0,
  handlerTimeoutMs: 1_000,
  handlerGraceMs: 0,
  resumeWindowMs: 60_000,
  maxMessageBytes: 65_536,
  worth: 'memory',
  hasIntegrity: false,
  features: 0,
};

/**
 * What callers look at in a frame; README.md here tells all fields.
 *
 * @typedef {object} PlainFrame
 * @property {string} kind
 * @property {string} [newReason]
 * @property {string} [sessionId]
 * @property {string} [token]
 * @property {string} [payload]
 * @property {readonly object[]} [channels]
 */

export class PlainPeer {
  /** The WELCOME of the newest connection, and each before it. */
  welcomes = [];
  /** Answers by the seq that they answer. */
  answers = new Map();
  /** Messages of the server, in the order in which they came: `{ channel, seq, type, payload }`. */
  messages = [];
  /** Every frame that came in on any connection, in order. */
  frames = [];
  /** What the server has acknowledged of channel 1. */
  acknowledged = { received: 1, handled: 1, ranges: [] };

  /** Set where a new session in the place of the old one is expected. */
  takesNewSessions = false;
  /** Set to have it ignore what comes in, its end as well. */
  isDeaf = false;

  #address;
  #credentials;
  #runId = hexOf(randomBytes(16));
  #counter;
  #session;
  #serverId;
  #nextSeq = 1;
  /** Messages of which the server has not said that they are handled, by seq. */
  #kept = new Map();
  /** The position of each channel of the server. */
  #positions = new Map([
    [0, 1],
    [1, 1],
  ]);
  #connection;
  #watchers = new Set();

  /**
   * `credentials`: bytes as hex. `session`: one to resume, as hex, with attempts that count
   * from `counter` on.
   *
   * @param {{ host: string, port: number }} address
   * @param {{ credentials?: string, session?: { id: string, token: string } | undefined, counter?: number }} [options]
   */
  constructor(address, { credentials, session, counter = 0 } = {}) {
    this.#address = address;
    this.#credentials = credentials;
    this.#session = session;
    this.#counter = counter;
  }

  /**
   * The session's id and newest token, as hex.
   *
   * @returns {{ id: string, token: string } | undefined}
   */
  get session() {
    return this.#session;
  }

  /**
   * Opens a session, or resumes the one that there is; resolves with the WELCOME.
   *
   * @returns {Promise<PlainFrame>}
   */
  async open() {
    this.#counter += 1;
    const connection = new PlainConnection(this.#address, (frame) => this.#take(connection, frame));
    connection.onEnd = () => this.#notify();
    this.#connection = connection;
    connection.write(PREAMBLE);
    this.#write(this.#hello());
    await this.#until(() => connection.opened !== undefined, 'WELCOME');
    const welcome = connection.opened;
    if (welcome.kind === 'refuse') throw new Error(`refused: ${welcome.code}: ${welcome.reason}`);
    this.#adopt(welcome);
    this.#write({ kind: 'ready', announcement: ANNOUNCEMENT, ack: this.#ack() });
    connection.startCounting();
    connection.beat(welcome.announcement.waitMs, (written) =>
      this.#write({ kind: 'ping', written }),
    );
    for (const frame of this.#kept.values()) {
      if (frame.seq >= this.acknowledged.received) this.#writeMessage(frame);
    }
    return welcome;
  }

  /** Sends a message in channel 1 and returns its seq; it is written now if there is a connection. */
  send(typeName, payload) {
    const frame = { ...EMPTY_MESSAGE, seq: this.#nextSeq, typeName, payload: hexOf(payload) };
    this.#nextSeq += 1;
    this.#kept.set(frame.seq, frame);
    if (this.#connection?.isOpen) this.#writeMessage(frame);
    return frame.seq;
  }

  /**
   * Resolves when the server has said how a message ended: its answer, or `undefined` for
   * plain handled.
   *
   * @returns {Promise<PlainFrame | undefined>}
   */
  async outcome(seq) {
    await this.#until(() => this.answers.has(seq) || this.#isHandled(seq), `the outcome of ${seq}`);
    return this.answers.get(seq);
  }

  /** Resolves when the server holds a message. */
  async received(seq) {
    await this.#until(() => seq < this.acknowledged.received, `${seq} to be received`);
  }

  /**
   * Asks for a full ACK; resolves with the PROBE_ACK.
   *
   * @returns {Promise<PlainFrame>}
   */
  async probe(nonce) {
    const connection = this.#connection;
    this.#write({ kind: 'probe', nonce, written: connection.written });
    const isIt = (frame) => frame.kind === 'probeAck' && frame.nonce === nonce;
    await this.#until(() => connection.frames.some(isIt), 'PROBE_ACK');
    return connection.frames.find(isIt);
  }

  /** Writes any frame, also one that breaks a rule. */
  say(frame) {
    this.#write(frame);
  }

  /**
   * Resolves with the CLOSE that the server ended the newest connection with.
   *
   * @returns {Promise<PlainFrame>}
   */
  async ended() {
    const connection = this.#connection;
    const isIt = (frame) => frame.kind === 'close';
    await this.#until(() => connection.frames.some(isIt), 'CLOSE');
    return connection.frames.find(isIt);
  }

  /** Lets the connection go without a word, as a cable that is pulled does. */
  lose() {
    this.#connection.destroy();
  }

  /** Says nothing more on this connection, and goes on reading. */
  endWriting() {
    this.#connection.end();
  }

  /**
   * Ends the session: resolves with the CLOSE_ACK of the server, when each side has said
   * goodbye.
   *
   * @returns {Promise<PlainFrame>}
   */
  async close() {
    const connection = this.#connection;
    this.#sayClose(connection);
    await this.#until(() => connection.isClosed, 'CLOSE and CLOSE_ACK');
    connection.end();
    return connection.closeAck;
  }

  #hello() {
    const hello = {
      kind: 'hello',
      minVersion: 1,
      maxVersion: 1,
      runId: this.#runId,
      attempt: { boot: 1, counter: this.#counter },
      channels: [],
      hasIntegrity: false,
      worth: 'memory',
      features: 0,
      credentials: this.#credentials,
    };
    if (this.#session === undefined) return hello;
    const { received } = this.acknowledged;
    const channels = this.#nextSeq > 1 ? [{ channel: 1, first: 1, reported: received }] : [];
    return { ...hello, session: this.#session, expectedServer: this.#serverId, channels };
  }

  /** Takes over what WELCOME says. */
  #adopt(welcome) {
    const isNew = this.#session !== undefined && welcome.newReason !== undefined;
    if (isNew && !this.takesNewSessions) {
      throw new Error(`the session was not resumed: ${welcome.newReason}`);
    }
    this.#session = { id: welcome.sessionId, token: welcome.token };
    this.#serverId = welcome.serverId;
    this.welcomes.push(welcome);
    this.#merge(welcome.ack);
  }

  #take(connection, frame) {
    if (this.isDeaf) return;
    this.frames.push(frame);
    if (connection !== this.#connection) return;
    if (frame.kind === 'ack') this.#merge(frame);
    if (frame.kind === 'answer') this.#takeAnswer(frame);
    if (frame.kind === 'types') connection.takeTypes(frame);
    if (frame.kind === 'message') this.#takeMessage(connection, frame);
    if (frame.kind === 'probe') {
      this.#write(this.#ack());
      this.#write({ kind: 'probeAck', nonce: frame.nonce, seen: connection.seenBefore });
    }
    if (frame.kind === 'close') this.#takeClose(connection, frame);
    if (frame.kind === 'closeAck') connection.closeAck = frame;
    if (connection.isClosed) connection.end();
    this.#notify();
  }

  /** Takes a message or an answer, if it is the next one of its channel, and says so. */
  #takeNext(channel, frame, use) {
    const position = this.#positions.get(channel) ?? 1;
    if (frame.totalBytes !== undefined) throw new Error('this client takes nothing large');
    if (frame.seq > position) throw new Error(`${frame.seq} came in channel ${channel} too early`);
    if (frame.seq === position) {
      this.#positions.set(channel, position + 1);
      use();
    }
    this.#write(this.#ack());
  }

  #takeAnswer(answer) {
    this.#takeNext(0, answer, () => {
      this.answers.set(answer.answeredSeq, answer);
      this.#kept.delete(answer.answeredSeq);
    });
  }

  #takeMessage(connection, frame) {
    const { channel, seq, type, payload } = frame;
    const name = connection.typeNames.get(type);
    if (name === undefined) throw new Error(`type ${type} was not told`);
    this.#takeNext(channel, frame, () => this.messages.push({ channel, seq, type: name, payload }));
  }

  #sayClose(connection) {
    if (connection.hasSaidClose) return;
    connection.hasSaidClose = true;
    this.#write(this.#ack());
    this.#write({ kind: 'close', mode: 'end', code: '', reason: '' });
  }

  /** Each side says CLOSE and answers the other's. A CLOSE that leaves the session is not answered. */
  #takeClose(connection, { mode }) {
    if (mode === 'detach') return connection.end();
    this.#sayClose(connection);
    this.#write(this.#ack());
    const started = [...this.#positions]
      .filter(([channel]) => channel > 0)
      .sort(([a], [b]) => a - b);
    this.#write({
      kind: 'closeAck',
      channels: started.map(([channel, position]) => ({ channel, started: position })),
    });
    connection.hasAnsweredClose = true;
    return undefined;
  }

  #merge({ channels }) {
    const told = channels.find(({ channel }) => channel === 1);
    if (told === undefined) return;
    const known = this.acknowledged;
    if (told.received > this.#nextSeq) throw new Error('an ACK of what was never sent');
    this.acknowledged = {
      received: Math.max(known.received, told.received),
      handled: Math.max(known.handled, told.handled),
      ranges: [...known.ranges, ...told.ranges],
    };
    for (const seq of this.#kept.keys()) if (this.#isHandled(seq)) this.#kept.delete(seq);
  }

  #isHandled(seq) {
    const { handled, ranges } = this.acknowledged;
    if (seq < handled) return true;
    return ranges.some((from, i) => i % 2 === 0 && from <= seq && seq < ranges[i + 1]);
  }

  /** All that this client holds; what it holds is handled. */
  #ack() {
    const channels = [...this.#positions].sort(([a], [b]) => a - b);
    return {
      kind: 'ack',
      number: this.#connection.nextAckNumber(),
      delayUs: 0,
      window: WINDOW,
      channels: channels.map(([channel, position]) => ({
        channel,
        received: position,
        handled: position,
        ranges: [],
        window: channel === 0 ? { ...WINDOW, messages: 65_536 } : WINDOW,
      })),
    };
  }

  #writeMessage({ typeName, ...frame }) {
    const { number, isNew } = this.#connection.typeNumber(typeName);
    if (isNew) this.#write({ kind: 'types', types: [{ number, name: typeName }], channels: [] });
    this.#write({ ...frame, type: number });
  }

  #write(frame) {
    this.#connection.writeFrame(frame);
  }

  async #until(isTrue, what) {
    while (!isTrue()) {
      const { problem } = this.#connection;
      if (problem !== undefined) throw new Error(`waited for ${what}: ${problem}`);
      await new Promise((resolve) => this.#watchers.add(resolve));
    }
  }

  #notify() {
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
  }
}

const EMPTY_MESSAGE = {
  kind: 'message',
  channel: 1,
  isResent: false,
  ackNow: false,
  extensions: [],
};
