import { LIMITS, WilcoError, wholeInRange } from '@wilco/protocol';
import type { ClientConnectionEvent, ServerConnectionEvent } from '@wilco/session';

/** The deadlines and limits of connections, of either side. */
export interface OpeningOptions {
  /**
   * How long dialling may take (client).
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly connectTimeoutMs?: number;
  /**
   * How long the client may take until its HELLO has come and was decided (server).
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `5_000`
   */
  readonly helloTimeoutMs?: number;
  /**
   * How long the server may take for its WELCOME (client).
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly welcomeTimeoutMs?: number;
  /**
   * How long the client may take for its READY (server).
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly readyTimeoutMs?: number;
  /**
   * How long a frame that was begun may take.
   *
   * Milliseconds, 1 to 2_147_483_647.
   *
   * @defaultValue `10_000`
   */
  readonly frameTimeoutMs?: number;
  /**
   * How many written bytes may wait for a peer that does not read, before the connection is
   * ended with `WILCO_SLOW_PEER`.
   *
   * Bytes, 65_536 to 1_073_741_824.
   *
   * @defaultValue `8_388_608` (8 MiB)
   */
  readonly maxUnsentBytes?: number;
  /**
   * What finds bytes that were changed on the way. `'endToEnd'` says that TLS reaches from this
   * process to the process of the peer, with no proxy in between that ends it; where both sides
   * say so, frames go without their checksum of 4 bytes. Said wrongly, it hides damage from a
   * proxy. Needs `tls`, or a `transport` of your own that encrypts.
   *
   * @defaultValue `'checksum'`: a CRC-32 in each frame, whatever is below
   */
  readonly integrity?: 'checksum' | 'endToEnd';
  /**
   * Called for each step of each connection's machine, for tests that count them.
   *
   * @internal
   */
  readonly onTransition?: TransitionListener | undefined;
}

/** Told of each step: which machine, in which phase it was, what happened. */
export type TransitionListener = (
  machine: 'client' | 'server',
  phase: string,
  event: ClientConnectionEvent | ServerConnectionEvent,
) => void;

/** {@link OpeningOptions} with every default filled in and every range checked. */
export type ResolvedOpeningOptions = Readonly<Required<OpeningOptions>>;

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, naming the first bad option. */
export function resolveOpeningOptions(options: OpeningOptions): ResolvedOpeningOptions {
  const duration = (name: string, value: number): number =>
    wholeInRange(name, value, 1, LIMITS.durationMs);
  const { maxUnsentBytes = 8 * 1024 * 1024 } = options;
  return {
    connectTimeoutMs: duration('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    helloTimeoutMs: duration('helloTimeoutMs', options.helloTimeoutMs ?? 5_000),
    welcomeTimeoutMs: duration('welcomeTimeoutMs', options.welcomeTimeoutMs ?? 10_000),
    readyTimeoutMs: duration('readyTimeoutMs', options.readyTimeoutMs ?? 10_000),
    frameTimeoutMs: duration('frameTimeoutMs', options.frameTimeoutMs ?? 10_000),
    maxUnsentBytes: wholeInRange('maxUnsentBytes', maxUnsentBytes, 65_536, 2 ** 30),
    integrity: integrityOf(options.integrity),
    onTransition: options.onTransition,
  };
}

function integrityOf(
  choice: OpeningOptions['integrity'] = 'checksum',
): ResolvedOpeningOptions['integrity'] {
  if (choice === 'checksum' || choice === 'endToEnd') return choice;
  const detail = `integrity is '${String(choice)}', wanted 'checksum' or 'endToEnd'`;
  throw new WilcoError('WILCO_OPTION_INVALID', detail);
}
