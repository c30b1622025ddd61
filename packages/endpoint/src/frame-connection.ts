import { FrameDecoder, FrameEncoder } from '@wilco/codec';
import { LIMITS, WilcoError, type Frame } from '@wilco/protocol';
import type { Clock } from './clock.ts';
import type { Connection, ConnectionEvents, TlsPeer } from './transport.ts';
import { WakeTimer } from './wake-timer.ts';

/** A read that fills this is followed by another, most likely. */
const READ_BUFFER_BYTES = 64 * 1024;
/** What a frame adds to its body at most: length, head and checksum. */
const FRAME_OVERHEAD_BYTES = 8;
const PREAMBLE_BYTES = 8;

/** The limits of one connection. */
export interface FrameConnectionSetting {
  readonly clock: Clock;
  /** How long a frame that was begun may take. Milliseconds. */
  readonly frameTimeoutMs: number;
  /** How many written bytes may wait for a peer that does not read. */
  readonly maxUnsentBytes: number;
  /** How long a connection that was ended may wait for the peer to end it too. Milliseconds. */
  readonly lingerMs: number;
  /** Whether only so much may come in as a stranger is allowed, until `admit`. */
  readonly isOpeningLimited: boolean;
}

/** Whom a connection tells. Nothing is told after `ended` or `broken`, or once it was let go. */
export interface FrameConnectionOwner {
  /** A dialled connection is made, or an accepted one has finished its handshake of TLS. */
  opened(): void;
  /** Bytes came in; their frames follow. */
  heard(): void;
  frame(frame: Frame): void;
  /** The frames of a read were told. `isInputDry`: no more is waiting, most likely. */
  readDone(isInputDry: boolean): void;
  /** The transport says that it is over. */
  ended(cause: Error | undefined): void;
  /** The peer sent what it must not, did not finish a frame, or does not read. */
  broken(error: WilcoError): void;
  /** The deadline passed that was set by `setDeadline`. */
  late(): void;
}

/**
 * Bytes and frames of one connection: the preamble, the limits before authentication, the
 * deadlines, and its end, which is told once, whatever the transport reports and however
 * often. Once it was let go, nothing that still happens on it has any effect.
 */
export class FrameConnection implements ConnectionEvents {
  readonly remote: string;
  readonly isReliable: boolean;
  readonly isExposed: boolean;
  /** Whether payloads may stay where they were read. */
  readonly handsOverReads: boolean;
  /** Names it in the log of its endpoint. */
  readonly number: number;
  readonly #connection: Connection;
  readonly #setting: FrameConnectionSetting;
  readonly #encoder = new FrameEncoder();
  #owner: FrameConnectionOwner | undefined;
  #decoder: FrameDecoder;
  /** Frames that came in before the decoder was replaced. */
  #framesBefore = 0;
  #isLimited: boolean;
  #receivedBytes = 0;
  #writtenBytes = 0;
  #deadlineMs = Infinity;
  /** When the unfinished frame was begun, and which it is. */
  #unfinishedSinceMs = Infinity;
  #unfinishedFrame = -1;
  /** Made where there is a deadline. */
  #timer: WakeTimer | undefined;
  /** Set while an ended connection waits for the peer's end. */
  #isLingering = false;
  #cancelLingering = nothing;
  #gone: (() => void)[] | undefined;

  constructor(
    connection: Connection,
    setting: FrameConnectionSetting,
    owner: FrameConnectionOwner,
    number = 0,
  ) {
    this.#connection = connection;
    this.#setting = setting;
    this.#owner = owner;
    this.remote = connection.remote;
    this.number = number;
    this.isReliable = connection.isReliable;
    this.isExposed = connection.isExposed;
    this.handsOverReads = connection.handsOverReads === true;
    this.#isLimited = setting.isOpeningLimited;
    this.#decoder = this.#newDecoder();
    if (this.isReliable) this.#encoder.appendPreamble();
    connection.attach(this);
  }

  /** Whole frames that came in, the one that is being told included. */
  get framesSeen(): number {
    return this.#framesBefore + this.#decoder.framesSeen;
  }

  get framesWritten(): number {
    return this.#encoder.framesWritten;
  }

  /** Bytes that came in and went out, the preambles included. */
  get bytesIn(): number {
    return this.#receivedBytes;
  }

  get bytesOut(): number {
    return this.#writtenBytes;
  }

  /** Whether anybody is still told. */
  get isHeld(): boolean {
    return this.#owner !== undefined;
  }

  /** What TLS tells of the other end; `undefined` without TLS, and before its handshake is done. */
  get tls(): TlsPeer | undefined {
    return this.#connection.tls;
  }

  /** Why the transport would not have the other end, once it knows. */
  get refusal(): WilcoError | undefined {
    return this.#connection.refusal;
  }

  /** Appends a frame to the next {@link flush}. Where frames may get lost it is written at once. */
  write(frame: Frame): void {
    if (this.#owner === undefined) return;
    this.#encoder.append(frame);
    if (!this.isReliable) this.#writeOut();
  }

  /** Writes what was appended, and looks whether the peer reads at all. */
  flush(): void {
    if (this.#owner === undefined) return;
    this.#writeOut();
    const { unsentBytes } = this.#connection;
    const { maxUnsentBytes } = this.#setting;
    if (!this.isReliable || unsentBytes <= maxUnsentBytes) return;
    this.#owner.broken(
      new WilcoError(
        'WILCO_SLOW_PEER',
        `${unsentBytes} written bytes wait, at most ${maxUnsentBytes} may`,
      ),
    );
  }

  /** The peer is no stranger any more: frames may be as large as the protocol allows. */
  admit(): void {
    this.#isLimited = false;
    this.#decoder.maxBodyBytes = LIMITS.frameBodyBytes;
  }

  /** From the next frame on the peer's frames carry no checksum, those of an opening apart. */
  expectNoChecksum(): void {
    this.#decoder.hasChecksum = false;
  }

  /** From the next frame on no checksum is written, but in frames of an opening. */
  writeNoChecksum(): void {
    this.#encoder.hasChecksum = false;
  }

  /** `owner.late()` at `atMs`, whatever comes in until then; `Infinity` for never. Replaces the one before. */
  setDeadline(atMs: number): void {
    this.#deadlineMs = atMs;
    this.#arm();
  }

  /** Lets go of it at once. */
  destroy(): void {
    this.#release();
    this.#endLingering();
  }

  /** Resolves when nothing of it is left: at once, unless it was ended politely. */
  get gone(): Promise<void> {
    if (this.#owner === undefined && !this.#isLingering) return Promise.resolve();
    return new Promise((resolve) => {
      (this.#gone ??= []).push(resolve);
    });
  }

  /** Lets go of it politely: what was written goes out, `last` too, then it ends. */
  finish(last?: Frame): void {
    if (this.#owner === undefined) return;
    if (last !== undefined) this.write(last);
    this.#writeOut();
    this.#release();
    this.#isLingering = true;
    this.#connection.end();
    const { clock, lingerMs } = this.#setting;
    this.#cancelLingering = clock.schedule(clock.nowMs() + lingerMs, () => this.#endLingering());
  }

  opened(): void {
    this.#owner?.opened();
  }

  received(bytes: Uint8Array): void {
    if (this.#owner === undefined) return;
    this.#owner.heard();
    this.#receivedBytes += bytes.length;
    let error: WilcoError | undefined;
    if (this.isReliable) error = this.#readStream(bytes);
    else this.#readDatagram(bytes);
    // The owner may have let go of it while the frames were told.
    const owner = this.#stillOwner();
    if (owner === undefined) return;
    if (error !== undefined) {
      owner.broken(error);
      return;
    }
    this.#noteUnfinished();
    owner.readDone(bytes.length < READ_BUFFER_BYTES);
  }

  ended(): void {
    this.#over(undefined);
  }

  failed(error: Error): void {
    this.#over(error);
  }

  closed(): void {
    this.#over(undefined);
  }

  #readStream(bytes: Uint8Array): WilcoError | undefined {
    const error = this.#decoder.push(bytes, (frame) => this.#owner?.frame(frame));
    if (error !== undefined) return error;
    if (!this.#isLimited || this.#receivedBytes <= LIMITS.openingBytes) return undefined;
    return new WilcoError(
      'WILCO_FRAME_TOO_LARGE',
      `${this.#receivedBytes} bytes came in before authentication, at most ${LIMITS.openingBytes} may`,
    );
  }

  /** What does not decode was not from the peer: it is dropped. */
  #readDatagram(bytes: Uint8Array): void {
    const error = this.#decoder.push(bytes, (frame) => this.#owner?.frame(frame));
    if (error === undefined && !this.#decoder.hasUnfinished) return;
    const { hasChecksum } = this.#decoder;
    this.#framesBefore += this.#decoder.framesSeen;
    this.#decoder = this.#newDecoder();
    this.#decoder.hasChecksum = hasChecksum;
  }

  #newDecoder(): FrameDecoder {
    const openingBytes = LIMITS.openingBytes - PREAMBLE_BYTES - FRAME_OVERHEAD_BYTES;
    return new FrameDecoder({
      expectsPreamble: this.isReliable,
      maxBodyBytes: this.#isLimited ? openingBytes : LIMITS.frameBodyBytes,
    });
  }

  #noteUnfinished(): void {
    if (!this.#decoder.hasUnfinished) {
      this.#unfinishedSinceMs = Infinity;
      return;
    }
    const { framesSeen } = this.#decoder;
    if (this.#unfinishedSinceMs !== Infinity && this.#unfinishedFrame === framesSeen) return;
    this.#unfinishedFrame = framesSeen;
    this.#unfinishedSinceMs = this.#setting.clock.nowMs();
    this.#arm();
  }

  get #frameDeadlineMs(): number {
    return this.#unfinishedSinceMs + this.#setting.frameTimeoutMs;
  }

  /** One timer; where it is armed for something earlier it stays, and finds nothing due. */
  #arm(): void {
    if (this.#owner === undefined) return;
    const dueMs = Math.min(this.#deadlineMs, this.#frameDeadlineMs);
    if (dueMs === Infinity) {
      this.#disarm();
      return;
    }
    this.#timer ??= new WakeTimer(this.#setting.clock, () => this.#checkDeadlines());
    this.#timer.ringBy(dueMs);
  }

  #disarm(): void {
    this.#timer?.silence();
    this.#timer = undefined;
  }

  #checkDeadlines(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    const nowMs = this.#setting.clock.nowMs();
    if (this.#deadlineMs <= nowMs) {
      this.#deadlineMs = Infinity;
      owner.late();
    } else if (this.#frameDeadlineMs <= nowMs) {
      this.#unfinishedSinceMs = Infinity;
      const waited = `a frame was not finished within ${this.#setting.frameTimeoutMs} ms`;
      owner.broken(new WilcoError('WILCO_FRAME_TIMEOUT', waited));
    }
    this.#arm();
  }

  #over(cause: Error | undefined): void {
    if (this.#isLingering) {
      this.#endLingering();
      return;
    }
    const owner = this.#owner;
    if (owner === undefined) return;
    this.destroy();
    owner.ended(cause);
  }

  #writeOut(): void {
    const pieces = this.#encoder.take();
    for (const { length } of pieces) this.#writtenBytes += length;
    if (pieces.length > 1 && this.#connection.writeAll !== undefined) {
      this.#connection.writeAll(pieces);
    } else for (const bytes of pieces) this.#connection.write(bytes);
  }

  #stillOwner(): FrameConnectionOwner | undefined {
    return this.#owner;
  }

  #endLingering(): void {
    this.#isLingering = false;
    this.#cancelLingering();
    this.#cancelLingering = nothing;
    this.#connection.destroy();
    const gone = this.#gone ?? [];
    this.#gone = undefined;
    for (const tell of gone) tell();
  }

  #release(): void {
    this.#owner = undefined;
    this.#decoder.stop();
    this.#disarm();
  }
}

function nothing(): void {}
