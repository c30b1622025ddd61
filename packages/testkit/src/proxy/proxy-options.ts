import { inRange, WilcoError, wholeInRange } from '@wilco/protocol';

/** One way in which the proxy misbehaves. */
export type ProxyFault = 'cut' | 'stall' | 'reset' | 'corrupt';

/** All faults, in the order in which they are drawn when several are due. */
export const PROXY_FAULTS: readonly ProxyFault[] = ['cut', 'stall', 'reset', 'corrupt'];

/** A place to listen at, or to connect to. */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
}

/** How the proxy finds out where one message ends and the next begins. */
export type ProxyFraming =
  /** Wilco: the preamble, then frames. MESSAGE frames are messages, ACK frames acknowledge. */
  | 'wilco'
  /** Lines that end with a line feed, as in newline-delimited JSON. Each line is a message. */
  | 'lines'
  /** Anything else: each piece that arrives is taken for one message. */
  | 'bytes';

/** What the proxy stands between, and how it misbehaves. Without a fault it only forwards. */
export interface ProxyOptions {
  /** Where connections are to go. */
  readonly target: ProxyAddress;

  /**
   * Where to listen. A port of 0 takes a free one; see {@link MisbehavingProxy.address}.
   *
   * @defaultValue `{ host: '127.0.0.1', port: 0 }`
   */
  readonly listen?: Partial<ProxyAddress>;

  /**
   * Decides when which fault is due, at which byte it strikes, and in which direction. The same
   * seed draws the same; which message it meets depends on the traffic.
   *
   * Whole number, 0 to 4_294_967_295.
   *
   * @defaultValue `1`
   */
  readonly seed?: number;

  /** @defaultValue `'wilco'` */
  readonly framing?: ProxyFraming;

  /**
   * How often, on average, to forward a frame in part and then end both connections.
   *
   * Milliseconds of traffic, 1 to 2_147_483_647; the gaps are drawn from half to one and a half
   * times it. A pause between two frames counts as 100 ms at most.
   *
   * @defaultValue never
   */
  readonly cutEveryMs?: number;

  /**
   * How often to go silent: both connections stay open, and whatever comes in is swallowed, as
   * behind a firewall that drops every packet. Writing into such a connection goes on succeeding.
   *
   * Milliseconds of traffic, as for {@link cutEveryMs}.
   *
   * @defaultValue never
   */
  readonly stallEveryMs?: number;

  /**
   * How long a silence lasts at most. What was swallowed does not come back: both
   * connections are reset at its end, unless they were given up before.
   *
   * Milliseconds, 1 to 2_147_483_647, or `Infinity`.
   *
   * @defaultValue `Infinity`
   */
  readonly stallForMs?: number;

  /**
   * How often to reset both connections (RST): what was under way is thrown away.
   *
   * Milliseconds of traffic, as for {@link cutEveryMs}.
   *
   * @defaultValue never
   */
  readonly resetEveryMs?: number;

  /**
   * How often to turn over one bit of a frame.
   *
   * Milliseconds of traffic, as for {@link cutEveryMs}.
   *
   * @defaultValue never
   */
  readonly corruptEveryMs?: number;

  /**
   * Strike also when nothing is in flight: in the opening, in heartbeats, in lone acknowledgements.
   * Otherwise a fault that is due waits for the next frame that carries a message, or that
   * passes while one is unacknowledged.
   *
   * @defaultValue `false`
   */
  readonly strikesWhenIdle?: boolean;

  /**
   * How long each byte takes through the proxy, each way.
   *
   * Milliseconds, 0 to 60_000.
   *
   * @defaultValue `0`
   */
  readonly delayMs?: number;

  /**
   * Forward in pieces of at most this many bytes, one a turn of the event loop.
   *
   * Bytes, whole number, 1 to 1_048_576, or `Infinity`.
   *
   * @defaultValue `Infinity`
   */
  readonly dribbleBytes?: number;
}

/** {@link ProxyOptions} with every default filled in and every range checked. */
export interface ResolvedProxyOptions {
  readonly target: ProxyAddress;
  readonly listen: ProxyAddress;
  readonly seed: number;
  readonly framing: ProxyFraming;
  /** The mean gap of each fault; `Infinity` for never. */
  readonly everyMs: Readonly<Record<ProxyFault, number>>;
  readonly stallForMs: number;
  readonly strikesWhenIdle: boolean;
  readonly delayMs: number;
  readonly dribbleBytes: number;
}

const LONGEST_MS = 0x7fff_ffff;

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`, naming the first bad option. */
export function resolveProxyOptions(options: ProxyOptions): ResolvedProxyOptions {
  const { listen = {}, framing = 'wilco' } = options;
  if (!['wilco', 'lines', 'bytes'].includes(framing)) {
    throw new WilcoError(
      'WILCO_OPTION_INVALID',
      `framing is ${framing}, wanted wilco, lines or bytes`,
    );
  }
  return {
    target: {
      host: options.target.host,
      port: wholeInRange('target.port', options.target.port, 1, 65_535),
    },
    listen: {
      host: listen.host ?? '127.0.0.1',
      port: wholeInRange('listen.port', listen.port ?? 0, 0, 65_535),
    },
    seed: wholeInRange('seed', options.seed ?? 1, 0, 0xffff_ffff),
    framing,
    everyMs: {
      cut: gap('cutEveryMs', options.cutEveryMs),
      stall: gap('stallEveryMs', options.stallEveryMs),
      reset: gap('resetEveryMs', options.resetEveryMs),
      corrupt: gap('corruptEveryMs', options.corruptEveryMs),
    },
    stallForMs: gap('stallForMs', options.stallForMs),
    strikesWhenIdle: options.strikesWhenIdle ?? false,
    delayMs: inRange('delayMs', options.delayMs ?? 0, 0, 60_000),
    dribbleBytes: upTo('dribbleBytes', options.dribbleBytes, 1_048_576),
  };
}

function gap(name: string, valueMs: number | undefined): number {
  if (valueMs === undefined || valueMs === Infinity) return Infinity;
  return inRange(name, valueMs, 1, LONGEST_MS);
}

function upTo(name: string, value: number | undefined, most: number): number {
  if (value === undefined || value === Infinity) return Infinity;
  return wholeInRange(name, value, 1, most);
}
