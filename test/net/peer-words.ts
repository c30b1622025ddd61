import type { Outcome } from '@wilco/protocol';

/** How a program of this folder is started. */
export interface PeerSettings {
  readonly role: 'client' | 'server';
  readonly host: string;
  readonly port: number;
  /** What it announces. Milliseconds. */
  readonly waitMs: number;
}

/** What a program is asked to do. */
export type PeerOrder =
  /** Send parcels like this from now on: one each `everyMs`, of so many bytes, until there are `count` in all. */
  | {
      readonly order: 'send';
      readonly everyMs: number;
      readonly bytes: number;
      readonly count: number;
    }
  /** Send nothing new, and tell when all is settled. */
  | { readonly order: 'finish' }
  /** Show the diary. */
  | { readonly order: 'show' };

/** What a program tells. Times are milliseconds of the clock that all processes of a machine share. */
export type PeerTelling =
  | { readonly told: 'ready' }
  | { readonly told: 'online' }
  | {
      readonly told: 'offline';
      readonly atMs: number;
      readonly code: string;
      /** The longest time, since it was online, that this process itself was kept from running. */
      readonly lagMs: number;
    }
  /** Where the client comes from, at each of its connections. */
  | { readonly told: 'remote'; readonly remote: string }
  | { readonly told: 'stateLost' }
  /** So many parcels were handled here, and so many of those sent from here are settled. */
  | { readonly told: 'progress'; readonly handled: number; readonly settled: number }
  | { readonly told: 'finished' }
  | { readonly told: 'diary'; readonly diary: Diary };

/** A parcel that a handler saw. */
export interface HandledParcel {
  readonly number: number;
  readonly isIntact: boolean;
  readonly atMs: number;
}

/** A parcel that was sent, and what its receipt said in the end. */
export interface SentParcel {
  readonly number: number;
  readonly outcome: Outcome<number | undefined>;
  readonly atMs: number;
}

/** All that happened at one side. */
export interface Diary {
  readonly handled: readonly HandledParcel[];
  readonly sent: readonly SentParcel[];
}

/** The time that all processes of this machine share. Milliseconds. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
