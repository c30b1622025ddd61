import { LIMITS, WilcoError, type NumberedName } from '@wilco/protocol';

/** Numbers that this side gives to names on one connection. */
export class NamesGiven {
  readonly #numbers = new Map<string, number>();

  /** The number of a name, or `undefined` where it must be announced first. */
  numberOf(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /** Gives a new name its number. */
  give(name: string): NumberedName {
    const number = this.#numbers.size;
    this.#numbers.set(name, number);
    return { number, name };
  }

  /** All that was given: said again where a frame may have been lost. */
  all(): NumberedName[] {
    return [...this.#numbers].map(([name, number]) => ({ number, name }));
  }

  clear(): void {
    this.#numbers.clear();
  }
}

/** Names that the peer gave numbers to on one connection. */
export class NamesTaken {
  readonly #names = new Map<number, string>();

  nameOf(number: number): string | undefined {
    return this.#names.get(number);
  }

  /** Returns what is wrong with an announcement, if anything is. */
  take({ number, name }: NumberedName): WilcoError | undefined {
    const known = this.#names.get(number);
    if (known === name) return undefined;
    if (known !== undefined) {
      return new WilcoError(
        'WILCO_FRAME_UNEXPECTED',
        `number ${String(number)} stands for '${known}' already, not for '${name}'`,
      );
    }
    if (this.#names.size >= LIMITS.messageTypes) {
      return new WilcoError(
        'WILCO_FRAME_UNEXPECTED',
        `more than ${String(LIMITS.messageTypes)} message types`,
      );
    }
    this.#names.set(number, name);
    return undefined;
  }

  clear(): void {
    this.#names.clear();
  }
}
