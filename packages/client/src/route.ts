import { addressName, parseAddress, type FullAddress } from '@wilco/endpoint';

/** One address of the service. */
interface Place {
  readonly address: FullAddress;
  /** Whether the application gave it; otherwise a server named it. */
  readonly isGiven: boolean;
  /** The server there said not to come back before. */
  notBeforeMs: number;
}

/** Whether a client may go to an address that only a server has named. */
export type FollowElsewhere = (address: FullAddress) => boolean;

/**
 * The addresses of a client, in the order in which they are tried: the last good one first,
 * one whose server goes away last, and those that a server names ahead of all. Each is tried
 * once in a round.
 */
export class Route {
  #places: Place[];
  /** How many of this round were tried, or are not to be tried yet. */
  #passed = 0;
  #current: Place | undefined;
  readonly #mayFollow: FollowElsewhere;

  constructor(given: readonly FullAddress[], mayFollow: FollowElsewhere) {
    this.#places = given.map((address) => ({ address, isGiven: true, notBeforeMs: 0 }));
    this.#mayFollow = mayFollow;
  }

  /** Whether the address that was tried last is the application's own. */
  get isCurrentGiven(): boolean {
    return this.#current?.isGiven ?? true;
  }

  /** When the first of all may be tried. */
  get earliestMs(): number {
    return Math.min(...this.#places.map(({ notBeforeMs }) => notBeforeMs));
  }

  /** Whether this round has another one that may be tried now. */
  hasNext(nowMs: number): boolean {
    return this.#places.slice(this.#passed).some(({ notBeforeMs }) => notBeforeMs <= nowMs);
  }

  /** The next one of this round that may be tried now; `undefined`: the round is over. */
  next(nowMs: number): FullAddress | undefined {
    while (this.#passed < this.#places.length) {
      const place = this.#places[this.#passed];
      this.#passed += 1;
      if (place === undefined || place.notBeforeMs > nowMs) continue;
      this.#current = place;
      return place.address;
    }
    return undefined;
  }

  /** Begins a new round. */
  restart(): void {
    this.#passed = 0;
  }

  /** The current one is to be tried once more, before the others. */
  stay(): void {
    this.reached();
    this.restart();
  }

  /** The current one is good: later rounds begin with it. */
  reached(): void {
    const current = this.#current;
    if (current === undefined) return;
    const at = this.#places.indexOf(current);
    if (at > 0) this.#places = [...this.#places.slice(at), ...this.#places.slice(0, at)];
  }

  /** The server at the current one says when to come back. */
  postpone(untilMs: number): void {
    if (this.#current !== undefined) this.#current.notBeforeMs = untilMs;
  }

  /** The server at the current one goes away: it is tried after all others. */
  leave(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#places = [...this.#places.filter((place) => place !== current), current];
  }

  /**
   * A server names where to go instead. What was given by the application is followed, what
   * was not only where that is allowed. Of those that earlier lists named none is kept.
   */
  follow(named: readonly string[]): void {
    const chosen = new Set<Place>();
    for (const name of named) {
      const place = this.#placeOf(name);
      if (place !== undefined) chosen.add(place);
    }
    const rest = this.#places.filter(
      (place) => (place.isGiven || place === this.#current) && !chosen.has(place),
    );
    this.#places = [...chosen, ...rest];
  }

  #placeOf(name: string): Place | undefined {
    const address = parseAddress(name);
    if (address === undefined) return undefined;
    const known = this.#places.find((place) => isSame(place.address, address));
    if (known !== undefined) return known;
    if (!this.#mayFollow(address)) return undefined;
    return { address, isGiven: false, notBeforeMs: 0 };
  }
}

/** Names of hosts are the same in upper and in lower case; paths are not. */
function isSame(one: FullAddress, other: FullAddress): boolean {
  if (one.path !== undefined || other.path !== undefined) return one.path === other.path;
  return addressName(one).toLowerCase() === addressName(other).toLowerCase();
}
