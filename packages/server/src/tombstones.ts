import {
  messagePack,
  TokenRing,
  type Clock,
  type PastSession,
  type StoreDriver,
} from '@wilco/endpoint';
import type { SessionId } from '@wilco/protocol';

/** How many sessions that ended are remembered, and for how long. */
export interface TombstoneLimits {
  readonly maxTombstones: number;
  /** Milliseconds. */
  readonly tombstoneAgeMs: number;
}

/** What is left of a session that ended. */
export interface Tombstone {
  readonly session: SessionId;
  readonly identity: string | undefined;
  /** Whose ids its messages had. */
  readonly scope: string;
  /** What proves it. */
  readonly tokens: TokenRing;
  /** What was known of the client's messages; `undefined` where that can not be trusted. */
  readonly past: PastSession | undefined;
  /** The session that follows it, once there is one. */
  readonly successor: SessionId | undefined;
  readonly endedWallMs: number;
}

const ENCODING = messagePack();

/**
 * The sessions of a server that have ended, for clients that come back later: with the token of
 * one they learn what became of their messages. The oldest are forgotten first.
 */
export class Tombstones {
  readonly #limits: TombstoneLimits;
  readonly #store: StoreDriver;
  readonly #clock: Clock;
  /** In the order in which they ended. */
  readonly #graves = new Map<SessionId, Tombstone>();

  constructor(limits: TombstoneLimits, store: StoreDriver, clock: Clock) {
    this.#limits = limits;
    this.#store = store;
    this.#clock = clock;
  }

  get size(): number {
    return this.#graves.size;
  }

  /** Puts back what the store held. Rejects with `WILCO_STORE_FAILED`. */
  async restore(): Promise<void> {
    const entries = await this.#store.entriesOf('tombstones');
    const graves = entries.map(({ key, value }) => decoded(key, value));
    graves.sort((a, b) => a.endedWallMs - b.endedWallMs);
    for (const grave of graves) this.#graves.set(grave.session, grave);
    this.#prune();
  }

  find(session: SessionId): Tombstone | undefined {
    this.#prune();
    return this.#graves.get(session);
  }

  /** A session has ended; part of the next commit. */
  add(grave: Omit<Tombstone, 'endedWallMs'>): void {
    this.#graves.delete(grave.session);
    this.#keep({ ...grave, endedWallMs: this.#clock.wallMs() });
    this.#prune();
  }

  /** Another session follows the one of this id, if that has ended; part of the next commit. */
  followed(session: SessionId | undefined, successor: SessionId): void {
    const grave = session === undefined ? undefined : this.#graves.get(session);
    if (grave !== undefined) this.#keep({ ...grave, successor });
  }

  /** What is known of a session to the one that follows it, and to no other. */
  pastOf(session: SessionId, successor: SessionId): PastSession | undefined {
    const grave = this.find(session);
    return grave?.successor === successor ? grave.past : undefined;
  }

  #keep(grave: Tombstone): void {
    this.#graves.set(grave.session, grave);
    const { session: key } = grave;
    const value = encoded(grave);
    this.#store.persist({ type: 'putEntry', table: 'tombstones', key, value });
  }

  #prune(): void {
    const tooOldWallMs = this.#clock.wallMs() - this.#limits.tombstoneAgeMs;
    for (const [key, { endedWallMs }] of this.#graves) {
      if (this.#graves.size <= this.#limits.maxTombstones && endedWallMs > tooOldWallMs) return;
      this.#graves.delete(key);
      this.#store.persist({ type: 'dropEntry', table: 'tombstones', key });
    }
  }
}

function encoded({ identity, scope, tokens, past, successor, endedWallMs }: Tombstone): Uint8Array {
  const channels = past?.channels.map(({ channel, name, received, started, handled, ranges }) => [
    ...[channel, name, received, started, handled, ranges],
  ]);
  return ENCODING.encode([identity, scope, tokens.hashes, channels, successor, endedWallMs]);
}

function decoded(session: SessionId, value: Uint8Array): Tombstone {
  const [identity, scope, hashes, channels, successor, endedWallMs] = ENCODING.decode(value) as [
    string | undefined,
    string,
    Uint8Array[],
    [number, string, number, number, number, number[]][] | undefined,
    string | undefined,
    number,
  ];
  const past = channels && {
    session,
    channels: channels.map(([channel, name, received, started, handled, ranges]) => ({
      ...{ channel, name, received, started, handled, ranges },
    })),
  };
  return {
    session,
    identity,
    scope,
    tokens: TokenRing.restore(hashes),
    past,
    successor,
    endedWallMs,
  };
}
