import type { SessionContents, StoreOperation, Worth } from '@wilco/protocol';

/** What was found at the opening of a store. */
export interface StoreContents {
  /** Names the store for as long as its data lives. */
  readonly storeId: string;
  /** How often it was opened, this time included. From 1. */
  readonly bootCount: number;
  readonly sessions: readonly SessionContents[];
}

/**
 * Where an endpoint keeps what must outlive a connection, and perhaps the process.
 *
 * One store belongs to one endpoint at a time and holds all its sessions. The endpoint
 * treats it as slow and fallible: completions may come late or never. After a failed
 * commit nothing more is committed; the endpoint closes.
 */
export interface Store {
  /** What a completed commit survives: nothing, the process, or loss of power. */
  readonly worth: Worth;
  /**
   * Nobody will ever open this data again. The endpoint then commits nothing: the
   * messages live in its own memory only, and cost no second record.
   */
  readonly isVolatile: boolean;
  /** Reads what is there. Called once, before anything else. Rejects when the data can not be trusted. */
  open(): Promise<StoreContents>;
  /**
   * Makes all operations hold, or none, in the order of the calls; then calls `done`,
   * never before it returns. The records belong to the store from then on: neither side changes them.
   */
  commit(operations: readonly StoreOperation[], done: (error?: unknown) => void): void;
  /** Waits for what was committed, and lets go. Safe to call twice. */
  close(): Promise<void>;
}
