import type { Entry, Start } from './history.ts';

/** A disk that was set back to an older state. */
interface SetBack {
  readonly host: string;
  /** When the older state was copied; where nobody knows, the earliest moment. */
  readonly takenAtMs: number;
  /** The latest moment of which its state may be. @defaultValue takenAtMs */
  readonly takenUntilMs?: number;
  /** When the process ended that had lived on from there. */
  readonly endedAtMs: number;
  /** Whether its sessions had names then. */
  readonly hadSession: boolean;
  /** Its store has seen it, and its sessions are lost by name. */
  isSeen?: boolean;
}

/** A disk of which a copy is used by another host. */
interface Cloning {
  readonly atMs: number;
  readonly hadSession: boolean;
}

/**
 * Which disks were copied and set back, and what nobody can know for that reason. Each
 * method is one excuse, as narrow as it can be.
 */
export class Copies {
  readonly #setBacks: SetBack[] = [];
  readonly #damages: { readonly host: string; readonly atMs: number }[] = [];
  readonly #ends: { readonly host: string; readonly atMs: number }[] = [];
  /** By the name of the original. */
  readonly #clones = new Map<string, Cloning>();
  /** Which hosts opened or resumed a session. */
  readonly #owners = new Map<string, Set<string>>();

  /** Something on the disk of a host was lost or changed, however old it was. */
  damaged(host: string, atMs: number): void {
    this.#damages.push({ host, atMs });
  }

  /** What its sender's disk had kept of its end was damaged since: it is sent again, with a mark. */
  isOfDamage({ message, settledAtMs }: Entry, { isResent, atMs: startedAtMs }: Start): boolean {
    return (
      isResent &&
      this.#damages.some(
        ({ host, atMs }) => host === message.from && settledAtMs <= atMs && atMs <= startedAtMs,
      )
    );
  }

  /** Somebody may start it though its sender was told that it will not be. */
  mayStartAfterItsEnd(entry: Entry, start: Start): boolean {
    return (
      this.isOfClone(entry, start) ||
      this.isUntold(entry, start) ||
      this.isOfDamage(entry, start) ||
      this.isMarkedByWayOfCaution(start)
    );
  }

  /** Somebody may start it again, and can not know that it was started. */
  mayStartAgain(entry: Entry, start: Start): boolean {
    return (
      this.isOfNamelessCopy(entry) ||
      this.isForgottenByAll(entry, start) ||
      this.isOfOtherClone(entry, start)
    );
  }

  /** A process of a host has ended. */
  ended(host: string, atMs: number): void {
    this.#ends.push({ host, atMs });
  }

  setBack(one: SetBack): void {
    this.#setBacks.push(one);
  }

  cloned(host: string, clone: Cloning): void {
    this.#clones.set(host, clone);
  }

  /** A client is online in a session. */
  owns(host: string, session: string): void {
    const owners = this.#owners.get(session) ?? new Set();
    owners.add(host);
    this.#owners.set(session, owners);
  }

  /**
   * Its sender's disk was copied before the session that it was in had a name: whoever goes
   * on from the copy has nothing by which its peer could know that there is another.
   */
  isOfNamelessCopy({ message, sentAtMs }: Entry): boolean {
    const clone = this.#clones.get(message.from);
    if (clone !== undefined && !clone.hadSession && sentAtMs <= clone.atMs) return true;
    return this.#setBacks.some(
      ({ host, hadSession, takenAtMs, takenUntilMs = takenAtMs }) =>
        host === message.from && !hadSession && sentAtMs <= takenUntilMs,
    );
  }

  /** A clone of its sender holds a copy of it, and was in that session: it may be the clone's own. */
  isOfClone({ message, sentAtMs }: Entry, { session }: Start): boolean {
    const clone = this.#clones.get(message.from);
    if (clone === undefined || sentAtMs > clone.atMs) return false;
    return this.#owners.get(session)?.has(cloneOf(message.from)) === true;
  }

  /** Its sender was set back to before it was told how the message had ended, and sends it again. */
  isUntold({ message, sentAtMs, settledAtMs }: Entry, { atMs }: Start): boolean {
    return this.#setBacks.some(
      ({ host, takenAtMs, takenUntilMs = takenAtMs, endedAtMs }) =>
        host === message.from &&
        sentAtMs <= takenUntilMs &&
        takenAtMs < settledAtMs &&
        settledAtMs <= endedAtMs &&
        endedAtMs <= atMs,
    );
  }

  /** The host was set back to before it started, and later lives of it can not know of it. */
  isForgotten(start: Start): boolean {
    return this.#forgetting(start).length > 0;
  }

  /**
   * Its receiver was set back to before each of its starts and could not see that; and what its
   * sender had been told is true of the older state as well, or the process that was told has ended,
   * or it was set back to before the first start, too: nobody can know.
   */
  isForgottenByAll(entry: Entry, { atMs }: Start): boolean {
    const { message, sentAtMs, receivedAtMs, starts } = entry;
    const [first] = starts;
    const unseen = starts.map((one) => this.#forgetting(one).find(({ isSeen }) => isSeen !== true));
    if (first === undefined || unseen.includes(undefined)) return false;
    const isNews = unseen.some((one) => one !== undefined && isNewsSince(one, entry));
    const hasDied = this.#ends.some(
      (end) => end.host === message.from && receivedAtMs <= end.atMs && end.atMs <= atMs,
    );
    if (!isNews || hasDied) return true;
    return this.#setBacks.some(
      ({ host, takenAtMs, takenUntilMs = takenAtMs, endedAtMs }) =>
        host === message.from &&
        sentAtMs <= takenUntilMs &&
        takenAtMs < first.atMs &&
        first.atMs <= endedAtMs &&
        endedAtMs <= atMs,
    );
  }

  /**
   * Its receiver has a clone that holds it as well, and all that was started since was started by
   * the other of the two.
   */
  isOfOtherClone({ message, sentAtMs, starts }: Entry, { host }: Start): boolean {
    const clone = this.#clones.get(message.to);
    if (clone === undefined || sentAtMs > clone.atMs) return false;
    return starts.every((one) => one.host !== host && one.atMs >= clone.atMs);
  }

  /** The store of a host found out that it was set back. */
  seen(host: string): void {
    const last = this.#setBacks.findLast((one) => one.host === host);
    if (last !== undefined) last.isSeen = true;
  }

  /** What a host holds, another one may have used: its own earlier life, or a clone. */
  mayBeUsedElsewhere(host: string, untilMs: number): boolean {
    if (this.hasClone(originalOfClone(host))) return true;
    return this.#setBacks.some((one) => one.host === host && one.endedAtMs <= untilMs);
  }

  /** Another host has a copy of its disk, and may be the one that its peer is in a session with. */
  hasClone(host: string): boolean {
    return this.#clones.has(host);
  }

  /** It happened on one of two hosts that hold the same, and the other can not know of it. */
  isElsewhere({ host, atMs }: Start): boolean {
    const clone = this.#clones.get(originalOfClone(host));
    return clone !== undefined && atMs >= clone.atMs;
  }

  /**
   * The host was set back, or is one of two, and no peer had told it what became of the
   * message: it may start again what it finds, and marks it.
   */
  isMarkedByWayOfCaution(start: Start): boolean {
    if (!start.isRedelivered) return false;
    const isSetBack = this.#setBacks.some(
      ({ host, endedAtMs }) => host === start.host && endedAtMs <= start.atMs,
    );
    return isSetBack || this.isElsewhere(start);
  }

  #forgetting({ host, atMs }: Pick<Start, 'host' | 'atMs'>): SetBack[] {
    return this.#setBacks.filter(
      (one) => one.host === host && one.takenAtMs < atMs && atMs <= one.endedAtMs,
    );
  }
}

/** Whether a sender was told of what can not be in the older state; of a lost end nobody knows where it began. */
function isNewsSince(
  { takenAtMs, takenUntilMs, endedAtMs }: SetBack,
  { sentAtMs, receivedAtMs }: Entry,
): boolean {
  return takenUntilMs === undefined && takenAtMs < sentAtMs && receivedAtMs <= endedAtMs;
}

/** The name of the host that uses a copy of the disk of another. */
export function cloneOf(host: string): string {
  return `${host} clone`;
}

/** The host whose disk a clone has a copy of; of others, itself. */
export function originalOfClone(host: string): string {
  return host.replace(/ clone$/, '');
}
