import type { Fault } from './error-entry.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import type { Outcome } from './outcome.ts';

// Registered, not local: two copies of this package in one process still recognise each other.
const BRAND = Symbol.for('wilco.error');

/** What may be said of an error beyond its code. */
export interface WilcoErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Of a message that was not handled: how it ended. */
  readonly outcome?: Outcome;
}

/** The only error class of this library, apart from `TypeError` for misuse. */
export class WilcoError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'WilcoError';
  readonly code: Code;
  readonly fault: Fault;
  /** Whether doing the same thing again, unchanged, can succeed. */
  readonly retryable: boolean;
  /** Of a message that was not handled: how it ended. */
  readonly outcome: Outcome | undefined;
  readonly [BRAND] = true;

  /**
   * @param code - What went wrong.
   * @param detail - The values that made it go wrong: got what, wanted what.
   * @param options - Pass `cause` whenever another error led to this one.
   */
  constructor(code: Code, detail: string, options?: WilcoErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.fault = ERRORS[code].fault;
    this.retryable = ERRORS[code].retryable;
    this.outcome = options?.outcome;
  }

  /** Like `instanceof`, but also true for an error from another copy of the package. */
  static is<Code extends ErrorCode = ErrorCode>(
    value: unknown,
    code?: Code,
  ): value is WilcoError<Code> {
    if (!(value instanceof Error) || !(BRAND in value)) return false;
    return code === undefined || (value as WilcoError).code === code;
  }
}
