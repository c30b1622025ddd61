import { LIMITS, WilcoError, type NumberedName } from '@wilco/protocol';

/** Numbers that this side gives to names on one connection. */
export class NamesGiven {
  /** Made by the first name: most sessions are idle most of the time. */
  #numbers: Map<string, number> | undefined;
  /** What was asked for last is asked for again, most often. */
  #lastName: string | undefined;
  #lastNumber = 0;

  /** The number of a name, or `undefined` where it must be announced first. */
  numberOf(name: string): number | undefined {
    if (name === this.#lastName) return this.#lastNumber;
    const number = this.#numbers?.get(name);
    if (number === undefined) return undefined;
    this.#lastName = name;
    this.#lastNumber = number;
    return number;
  }

  /** Gives a new name its number. */
  give(name: string): NumberedName {
    this.#numbers ??= new Map();
    const number = this.#numbers.size;
    this.#numbers.set(name, number);
    return { number, name };
  }

  /** All that was given: said again where a frame may have been lost. */
  all(): NumberedName[] {
    return [...(this.#numbers ?? [])].map(([name, number]) => ({ number, name }));
  }

  clear(): void {
    this.#numbers = undefined;
    this.#lastName = undefined;
  }
}

/** Names that the peer gave numbers to on one connection. */
export class NamesTaken {
  #names: Map<number, string> | undefined;

  nameOf(number: number): string | undefined {
    return this.#names?.get(number);
  }

  /** Returns what is wrong with an announcement, if anything is. */
  take({ number, name }: NumberedName): WilcoError | undefined {
    this.#names ??= new Map();
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
    this.#names = undefined;
  }
}
