import { createHash, timingSafeEqual } from 'node:crypto';

/** How many replaced tokens are remembered, to tell an old one from a forged one. */
const REMEMBERED = 8;
const HASH_BYTES = 32;
const NOTHING = keptAs(new Uint8Array(HASH_BYTES));
const NONE_REPLACED: readonly string[] = Array.from({ length: REMEMBERED }, () => NOTHING);

/** What a token proves. */
export type TokenVerdict = 'confirmed' | 'issued' | 'replayed' | 'unknown';

/** The hash under which a token is kept: the token itself is nowhere on the server. */
export function hashToken(token: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(token).digest());
}

/**
 * Takes as long for a session that there is not as for one that there is.
 *
 * @param ring - The tokens of the session; `undefined` where there is none.
 */
export function judgeToken(ring: TokenRing | undefined, token: Uint8Array): TokenVerdict {
  const verdict = (ring ?? EMPTY).judge(token);
  return ring === undefined ? 'unknown' : verdict;
}

/**
 * The resume tokens of one session: the last one that the client confirmed, the last one
 * that was issued, and a few that were replaced. Hashes only, compared in constant time; kept as text,
 * which takes a quarter of the memory that bytes do.
 */
export class TokenRing {
  #confirmed = NOTHING;
  #issued = NOTHING;
  #replaced = NONE_REPLACED;

  /** Puts back what a store held, the confirmed one first. */
  static restore(hashes: readonly Uint8Array[]): TokenRing {
    const ring = new TokenRing();
    if (hashes.length === 0) return ring;
    const [confirmed, issued, ...replaced] = hashes.map(keptAs);
    ring.#confirmed = confirmed ?? NOTHING;
    ring.#issued = issued ?? ring.#confirmed;
    ring.#replaced = [...replaced, ...ring.#replaced].slice(0, REMEMBERED);
    return ring;
  }

  /** For the store: the confirmed one first. */
  get hashes(): readonly Uint8Array[] {
    const replaced = this.#replaced.filter((hash) => hash !== NOTHING);
    return [this.#confirmed, this.#issued, ...replaced].map(bytesOf);
  }

  /** A new token was made, and WELCOME will carry it. One that was never confirmed is void. */
  issue(token: Uint8Array): void {
    this.#issued = keptAs(hashToken(token));
  }

  /** The client has stored the issued one: the others are old. */
  confirm(): void {
    if (this.#confirmed !== NOTHING && this.#confirmed !== this.#issued) {
      this.#replaced = [this.#confirmed, ...this.#replaced].slice(0, REMEMBERED);
    }
    this.#confirmed = this.#issued;
  }

  /** What a token proves. Compares with all of them, whichever it is. */
  judge(token: Uint8Array): TokenVerdict {
    const hash = hashToken(token);
    const isConfirmed = matches(hash, this.#confirmed);
    const isIssued = matches(hash, this.#issued);
    let isReplaced = false;
    for (const old of this.#replaced) isReplaced = matches(hash, old) || isReplaced;
    if (isConfirmed) return 'confirmed';
    if (isIssued) return 'issued';
    return isReplaced ? 'replayed' : 'unknown';
  }
}

const EMPTY = new TokenRing();

function matches(hash: Uint8Array, kept: string): boolean {
  return timingSafeEqual(hash, bytesOf(kept)) && kept !== NOTHING;
}

function keptAs(hash: Uint8Array): string {
  return Buffer.from(hash).toString('latin1');
}

function bytesOf(kept: string): Uint8Array {
  return Uint8Array.from(Buffer.from(kept, 'latin1'));
}
