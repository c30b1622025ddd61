import type { Kill } from './kill-act.ts';

/** How the whole demo runs. */
export interface DemoSettings {
  readonly file: string;
  /** How long the senders take to hand over the file. */
  readonly durationMs: number;
  /** After this, something hangs: the demo fails. */
  readonly patienceMs: number;
  /** The wait that both sides of Wilco announce: a silence is found within it. */
  readonly waitMs: number;
  readonly seed: number;
  readonly faults: FaultSettings;
  /** Of the second act: who is killed, and when. */
  readonly kills: readonly Kill[];
}

/** How the network misbehaves. */
export interface FaultSettings {
  /** The mean gap from one cut, in the middle of a frame, to the next. */
  readonly cutEveryMs: number;
  /** The mean gap from one silence, with the connection open, to the next. */
  readonly stallEveryMs: number;
  readonly resetEveryMs: number;
  /** How long a silence lasts. */
  readonly stallForMs: number;
  /** How long each byte takes, each way. */
  readonly delayMs: number;
  /** The same in the second act: orders are to be under way when processes are killed. */
  readonly killedDelayMs: number;
  /** The mean gap from one cut to the next in the second act. */
  readonly killedCutEveryMs: number;
}

/** Twenty seconds, in which each kind of fault strikes about a dozen times. */
export function fullSettings(file: string, seed: number): DemoSettings {
  return {
    file,
    durationMs: 20_000,
    patienceMs: 120_000,
    waitMs: 1_000,
    seed,
    faults: {
      cutEveryMs: 500,
      stallEveryMs: 500,
      resetEveryMs: 500,
      stallForMs: 1_200,
      delayMs: 2,
      killedDelayMs: 5,
      killedCutEveryMs: 2_000,
    },
    kills: [
      { who: 'listener', atShare: 0.2 },
      { who: 'sender', atShare: 0.4 },
      { who: 'both', atShare: 0.6 },
    ],
  };
}

/** A few seconds, for a test. */
export function fastSettings(file: string, seed: number): DemoSettings {
  return {
    file,
    durationMs: 2_500,
    patienceMs: 40_000,
    waitMs: 300,
    seed,
    faults: {
      cutEveryMs: 300,
      stallEveryMs: 500,
      resetEveryMs: 300,
      stallForMs: 450,
      delayMs: 1,
      killedDelayMs: 5,
      killedCutEveryMs: 2_000,
    },
    kills: [{ who: 'both', atShare: 0.2 }],
  };
}
