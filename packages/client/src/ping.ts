import {
  FrameConnection,
  newId,
  refuseExposed,
  addressName,
  type Connection,
} from '@wilco/endpoint';
import { inRange, PROTOCOL_VERSION, WilcoError, wholeInRange } from '@wilco/protocol';
import type { AckFrame, Announcement, Frame, WelcomeFrame, Window } from '@wilco/protocol';
import { resolveClientOptions, type ClientOptions, type ResolvedClientOptions } from './options.ts';
import { refusalError } from './refusals.ts';

/** How {@link ping} looks at a server. */
export interface PingOptions extends ClientOptions {
  /**
   * How many round trips to measure.
   *
   * Whole number, 1 to 1_000_000.
   *
   * @defaultValue `4`
   */
  readonly count?: number;
  /**
   * From one question to the next; a late answer delays it.
   *
   * Milliseconds, 0 to 10_000.
   *
   * @defaultValue `1_000`
   */
  readonly intervalMs?: number;
  /** Told at each step, and at each round trip. */
  readonly onProgress?: (report: PingReport) => void;
  /**
   * Stops the measuring; what was found until then is the report.
   *
   * @defaultValue none
   */
  readonly signal?: AbortSignal;
}

/** What the server said of itself when it let us in. */
export interface PingServer {
  readonly id: string;
  /** Names the start of its state. */
  readonly runId: string;
  readonly version: number;
  /** Its waits and limits. */
  readonly announcement: Announcement;
  /** What may be in flight in a new session. */
  readonly window: Window;
}

/** What was found out. Of what lies behind the step where it stopped there is nothing. */
export interface PingReport {
  /** The step that was not finished; `done` where all were. */
  readonly step: 'connect' | 'opening' | 'roundTrips' | 'done';
  /** Why it stopped there; `undefined` where it did not, or not yet. */
  readonly error: WilcoError | undefined;
  /** The other end, such as `127.0.0.1:7411`. */
  readonly remote: string;
  /** What TLS told of the other end; `undefined` without TLS. */
  readonly tls: Connection['tls'];
  /** From dialling to the connection, that of TLS included. Milliseconds. */
  readonly connectMs: number | undefined;
  /** From HELLO to WELCOME. Milliseconds. */
  readonly openingMs: number | undefined;
  readonly server: PingServer | undefined;
  /** From PROBE to PROBE_ACK, in the order measured. Milliseconds. */
  readonly roundTripsMs: readonly number[];
}

/**
 * Looks at a server as a person does who debugs a link: dials once (the first of several
 * addresses), opens a session of its own, measures round trips by PROBE, and ends the session. No message is sent or taken, no
 * handler is called. For the server it is a client that comes and goes.
 *
 * Never rejects for what it finds: that is in the report.
 *
 * @throws {@link WilcoError} `WILCO_OPTION_INVALID`, `WILCO_INSECURE_REFUSED`.
 */
export function ping(options: PingOptions): Promise<PingReport> {
  const { count = 4, intervalMs = 1_000, onProgress, signal, ...where } = options;
  const resolved = resolveClientOptions(where);
  wholeInRange('count', count, 1, 1_000_000);
  inRange('intervalMs', intervalMs, 0, 10_000);
  return new Ping(resolved, { count, intervalMs, onProgress, signal }).run();
}

interface ResolvedPingOptions {
  readonly count: number;
  readonly intervalMs: number;
  readonly onProgress: PingOptions['onProgress'];
  readonly signal: AbortSignal | undefined;
}

const NO_WINDOW = { messages: 0, bytes: 0 };

class Ping {
  readonly #options: ResolvedClientOptions;
  readonly #wanted: ResolvedPingOptions;
  readonly #runId: string;
  readonly #roundTripsMs: number[] = [];
  #report: PingReport = {
    step: 'connect',
    error: undefined,
    remote: '',
    tls: undefined,
    connectMs: undefined,
    openingMs: undefined,
    server: undefined,
    roundTripsMs: this.#roundTripsMs,
  };
  #credentials: Uint8Array | undefined;
  #connection: Connection | undefined;
  #frames: FrameConnection | undefined;
  #stepSinceMs = 0;
  /** Frames written and seen until the session was open: probes count from there. */
  #writtenBefore = 0;
  #seenBefore = 0;
  #acks = 0;
  #nonce = 0;
  #cancelTimer: () => void = () => {};
  #resolve: (report: PingReport) => void = () => {};
  #isOver = false;

  constructor(options: ResolvedClientOptions, wanted: ResolvedPingOptions) {
    this.#options = options;
    this.#wanted = wanted;
    this.#runId = newId(options.random);
  }

  async run(): Promise<PingReport> {
    const done = new Promise<PingReport>((resolve) => (this.#resolve = resolve));
    try {
      this.#credentials = await this.#options.credentials();
      this.#dial();
    } catch (error) {
      this.#stop(WilcoError.is(error) ? error : connectError(error));
    }
    const { signal } = this.#wanted;
    const stop = (): void => this.#stop(undefined);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
    const report = await done;
    signal?.removeEventListener('abort', stop);
    await this.#frames?.gone;
    return report;
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  #dial(): void {
    const { addresses, transport, clock, opening, session, isExposureAllowed } = this.#options;
    const [address] = addresses;
    this.#stepSinceMs = this.#nowMs;
    const connection = transport.connect(address);
    this.#connection = connection;
    this.#report = { ...this.#report, remote: connection.remote };
    const setting = {
      ...opening,
      clock,
      lingerMs: session.closeTimeoutMs,
      isOpeningLimited: false,
    };
    this.#frames = new FrameConnection(connection, setting, {
      opened: () => this.#opened(),
      heard: () => {},
      frame: (frame) => this.#frame(frame),
      readDone: () => this.#frames?.flush(),
      ended: (cause) => this.#stop(this.#lost(cause)),
      broken: (error) => this.#stop(error),
      late: () => this.#stop(this.#late()),
    });
    this.#frames.setDeadline(this.#nowMs + opening.connectTimeoutMs);
    refuseExposed(connection.isExposed, isExposureAllowed, addressName(address));
  }

  #opened(): void {
    if (this.#report.step !== 'connect') return;
    const tls = this.#connection?.tls;
    this.#next({ step: 'opening', connectMs: this.#sinceStep(), tls });
    this.#frames?.setDeadline(this.#nowMs + this.#options.opening.welcomeTimeoutMs);
    this.#write({
      kind: 'hello',
      minVersion: PROTOCOL_VERSION,
      maxVersion: PROTOCOL_VERSION,
      runId: this.#runId,
      attempt: { boot: 1, counter: 1 },
      session: undefined,
      abandon: undefined,
      expectedServer: undefined,
      channels: [],
      hasIntegrity: false,
      worth: 'memory',
      features: 0,
      credentials: this.#credentials,
    });
  }

  #frame(frame: Frame): void {
    const { step } = this.#report;
    if (frame.kind === 'refuse') this.#stop(refusalError(frame.code, frame.reason));
    else if (frame.kind === 'close') this.#stop(refusalError(frame.code, frame.reason));
    else if (step === 'opening' && frame.kind === 'welcome') this.#welcomed(frame);
    else if (step === 'roundTrips' && frame.kind === 'probeAck') this.#answered(frame.nonce);
    else if (step === 'roundTrips' && frame.kind === 'probe') this.#answer(frame.nonce);
  }

  #welcomed(welcome: WelcomeFrame): void {
    const { serverId: id, runId, version, announcement, ack } = welcome;
    if (version !== PROTOCOL_VERSION) {
      const detail = `the server chose version ${version}, which was not offered`;
      this.#stop(new WilcoError('WILCO_VERSION_UNSUPPORTED', detail));
      return;
    }
    const server = { id, runId, version, announcement, window: ack.window };
    this.#next({ step: 'roundTrips', openingMs: this.#sinceStep(), server });
    this.#write({ kind: 'ready', announcement: this.#announcement(), ack: this.#ack() });
    this.#writtenBefore = this.#frames?.framesWritten ?? 0;
    this.#seenBefore = this.#frames?.framesSeen ?? 0;
    this.#probe();
  }

  #probe(): void {
    const { waitMs } = this.#options.session;
    this.#frames?.setDeadline(this.#nowMs + waitMs);
    this.#stepSinceMs = this.#nowMs;
    this.#nonce += 1;
    const written = (this.#frames?.framesWritten ?? 0) - this.#writtenBefore;
    this.#write({ kind: 'probe', nonce: this.#nonce, written });
  }

  #answered(nonce: number): void {
    if (nonce !== this.#nonce) return;
    this.#nonce += 1;
    const { count, intervalMs } = this.#wanted;
    const tookMs = this.#nowMs - this.#stepSinceMs;
    this.#roundTripsMs.push(tookMs);
    const isLast = this.#roundTripsMs.length >= count;
    this.#next({ step: isLast ? 'done' : 'roundTrips' });
    this.#frames?.setDeadline(Infinity);
    if (isLast) this.#stop(undefined);
    else this.#later(Math.max(0, intervalMs - tookMs), () => this.#probe());
  }

  /** The server asks as well: a full ACK, then what was seen before. */
  #answer(nonce: number): void {
    const seen = (this.#frames?.framesSeen ?? 0) - this.#seenBefore - 1;
    this.#frames?.write(this.#ack());
    this.#write({ kind: 'probeAck', nonce, seen });
  }

  #later(waitMs: number, run: () => void): void {
    const { clock } = this.#options;
    this.#cancelTimer = clock.schedule(clock.nowMs() + waitMs, () => {
      if (!this.#isOver) run();
    });
  }

  /** It takes no messages: whatever the server sends of itself stays unwritten. */
  #ack(): AckFrame {
    this.#acks += 1;
    return { kind: 'ack', number: this.#acks, delayUs: 0, window: NO_WINDOW, channels: [] };
  }

  #announcement(): Announcement {
    const { session } = this.#options;
    return {
      waitMs: session.waitMs,
      ackDelayMs: session.ackDelayMs,
      handlerTimeoutMs: session.handlerTimeoutMs,
      handlerGraceMs: session.handlerGraceMs,
      resumeWindowMs: 0,
      maxMessageBytes: session.maxMessageBytes,
      worth: 'memory',
      hasIntegrity: false,
      features: 0,
    };
  }

  #write(frame: Frame): void {
    this.#frames?.write(frame);
    this.#frames?.flush();
  }

  #sinceStep(): number {
    const nowMs = this.#nowMs;
    const tookMs = nowMs - this.#stepSinceMs;
    this.#stepSinceMs = nowMs;
    return tookMs;
  }

  #next(found: Partial<PingReport>): void {
    this.#report = { ...this.#report, ...found };
    this.#wanted.onProgress?.(this.#report);
  }

  #lost(cause: Error | undefined): WilcoError {
    if (WilcoError.is(cause)) return cause;
    const { step, remote } = this.#report;
    const code = step === 'connect' ? 'WILCO_CONNECT_FAILED' : 'WILCO_CONNECTION_LOST';
    const detail = `${remote}: ${cause?.message ?? 'the other side ended it'}`;
    return new WilcoError(code, detail, { cause });
  }

  #late(): WilcoError {
    const { step, remote } = this.#report;
    const { waitMs } = this.#options.session;
    return step === 'roundTrips'
      ? new WilcoError('WILCO_PEER_SILENT', `${remote}: no answer within ${waitMs} ms`)
      : new WilcoError('WILCO_OPENING_TIMEOUT', `${remote}: still in step ${step}`);
  }

  /** The end: with an error, or politely. */
  #stop(error: WilcoError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    const frames = this.#frames;
    if (error !== undefined) frames?.destroy();
    else if (this.#report.server === undefined) frames?.destroy();
    else {
      frames?.write(this.#ack());
      frames?.finish(GOODBYE);
    }
    this.#report = { ...this.#report, error };
    this.#resolve(this.#report);
  }
}

const GOODBYE = {
  kind: 'close',
  mode: 'end',
  code: 'WILCO_SESSION_ENDED',
  reason: 'it was only a ping',
  retryAfterMs: undefined,
} as const;

function connectError(cause: unknown): WilcoError {
  return new WilcoError('WILCO_CONNECT_FAILED', String(cause), { cause });
}
