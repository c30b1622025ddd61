import type { FaultDrawing } from '../link-faults.ts';
import type { PlannedOrder } from './order-plan.ts';

/** What a handler does with a message. */
export interface Conduct {
  /**
   * `handle`, `reply`, `reject` (with a code of its own) and `throw` end as they say.
   * `mute` has a reply that can not be encoded. `hang` never ends; `yield` ends when it is
   * told to stop; `late` ends after its time. `unknown` has no handler at all; `invalid`
   * has a payload that its receiver can not decode.
   */
  readonly kind:
    | 'handle'
    | 'reply'
    | 'reject'
    | 'throw'
    | 'mute'
    | 'hang'
    | 'yield'
    | 'late'
    | 'unknown'
    | 'invalid';
  /** How long the handler takes; 0: it returns at once. Milliseconds. */
  readonly takesMs: number;
  readonly replyBytes: number;
  /** How often the handler says "not now" before it does so. */
  readonly putOffs: number;
}

/** A message that an actor is to send. */
export interface PlannedMessage {
  /** Its place in the plan: names it. */
  readonly index: number;
  readonly atMs: number;
  /** Name of the host that sends it. */
  readonly from: string;
  /** Name of the client that it is for, or `server`. */
  readonly to: string;
  readonly channel: string;
  readonly bytes: number;
  readonly ttlMs: number | undefined;
  /** How long after sending it is withdrawn; `undefined`: never. Milliseconds. */
  readonly cancelAfterMs: number | undefined;
  readonly whenFull: 'fail' | 'wait';
  readonly conduct: Conduct;
}

/** Something that befalls a host. */
export interface Incident {
  readonly atMs: number;
  readonly host: string;
  /**
   * `crash`: dies, and comes back `forMs` later, with its store (`kept`) or without.
   * `restore`: the same, with a store set back to an older state, the file beside it as well
   * (`kept`) or not. `clone`: a second process
   * opens a copy of its store. `sleep`: stops for `forMs`. `jump`: its wall clock jumps by
   * `forMs`. `cut`, `reset`, `blackHole`: all its links. `closeAndReopen`: it closes
   * politely and starts anew. `move`: its clients are led to another server for `forMs`.
   * `brokenStore`, `hungStore`, `slowStore`: from now on, until it crashes or the faults end.
   * `fullDisk`: for `forMs`. `damage`: dies, and meanwhile its disk loses or changes something.
   */
  readonly kind:
    | 'crash'
    | 'restore'
    | 'clone'
    | 'sleep'
    | 'jump'
    | 'cut'
    | 'reset'
    | 'blackHole'
    | 'closeAndReopen'
    | 'move'
    | 'brokenStore'
    | 'hungStore'
    | 'slowStore'
    | 'fullDisk'
    | 'damage';
  readonly forMs: number;
  /**
   * A crash: how much later, exactly. After so many events of the whole run; or in the middle
   * of one, before the host does its next write but so many, to a disk or a connection.
   * `undefined`: at once, between two turns.
   */
  readonly after: { readonly events: number } | { readonly writes: number } | undefined;
  readonly isKept: boolean;
  readonly isSilent: boolean;
}

/** The options of one side, in the names that `connect` and `listen` take. */
export type SideOptions = Readonly<Record<string, number>>;

/** Everything that is decided about a run before it begins. Plain data: printed and shrunk. */
export interface Plan {
  readonly seed: number;
  readonly isReliable: boolean;
  readonly network: FaultDrawing;
  /** Links from this number on have no faults. */
  readonly faultyLinks: number;
  /** Names of the clients. */
  readonly clients: readonly string[];
  /** Hosts whose store keeps what it is given. */
  readonly durable: readonly string[];
  /** Of these, hosts whose store says that it loses data when the power fails. */
  readonly lazy: readonly string[];
  readonly options: Readonly<Record<string, SideOptions>>;
  /** What becomes of messages that may have been handled when state is lost. */
  readonly whenSessionLost: 'resend' | 'inDoubt';
  /** How long the server takes to say who a client is. Milliseconds. */
  readonly authenticationMs: number;
  /** How many handlers of a session and channel may run side by side, as their types allow. */
  readonly concurrency: number;
  /** The same, as channels allow: the smaller holds. 1 to 1_024. */
  readonly channelConcurrency: number;
  /** Hosts that write a log, into a hook that throws. */
  readonly logged: readonly string[];
  /** Hosts that declare that their bytes are protected from end to end. */
  readonly unchecked: readonly string[];
  readonly messages: readonly PlannedMessage[];
  /** What goes under ids of applications. */
  readonly orders: readonly PlannedOrder[];
  readonly incidents: readonly Incident[];
  /** Whether handlers give their stores writes that hold together with the message. */
  readonly hasEffects: boolean;
  /** When it is looked what would be on a disk if its host died then. Nobody notices. */
  readonly audits: readonly { readonly host: string; readonly atMs: number }[];
  /** From here on nothing is wrong any more. */
  readonly quietAtMs: number;
}

/** The name of the host that listens. */
export const SERVER = 'server';

/** The name of the other server, which knows nothing of anybody. */
export const OTHER_SERVER = 'other server';
