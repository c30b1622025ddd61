/** Who can do something about an error. Decides where it is reported. */
export type Fault = 'caller' | 'peer' | 'environment';

/** What the table says of one code. */
export interface ErrorEntry {
  readonly fault: Fault;
  /** Whether doing the same thing again, unchanged, can succeed. */
  readonly retryable: boolean;
  /** What happened, and what to do about it, for the manual. */
  readonly summary: string;
}
