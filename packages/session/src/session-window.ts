import { LIMITS, WilcoError, type Window } from '@wilco/protocol';
import type { Assembly } from './assembly.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import type { SessionSink } from './sink.ts';
import type { BudgetHolder, WindowBudget } from './window-budget.ts';
import { WindowGrant } from './window-grant.ts';

/** A session does not open with less than about this. Bytes. */
const LEAST_BYTES = 1_024;
/** No message may take more than this part of the budget. */
const MESSAGE_SHARE = 0.25;
/** The window of a session is so many times that of a channel: one that is stuck leaves room for others. */
const SESSION_MESSAGES = 4;
const SESSION_BYTES = 2;
/** A channel that no ACK of the connection has named has the window of the session, but no more than this. */
const UNNAMED_MESSAGES = 64;
const UNNAMED_BYTES = 65_536;
/** A window that was not used for so long is idle: others may have all but a part of it. Milliseconds. */
const IDLE_MS = 1_000;
const IDLE_SHARE = 1 / 64;

/**
 * The memory that one session promises to its peer: its window, and the assemblies of
 * large messages, all out of the budget of the process. Besides its payload each message
 * takes `LIMITS.messageOverheadBytes`.
 */
export class SessionWindow implements Window, BudgetHolder {
  readonly #options: ResolvedSessionOptions;
  readonly #budget: WindowBudget;
  readonly #grant: WindowGrant;
  /** Large messages: those that wait for room, and what the others were given. */
  #waiting: Map<Assembly, () => void> | undefined;
  #granted: Map<Assembly, number> | undefined;
  /** What the window takes of the budget, and what the session's large messages do. */
  #reservedBytes = 0;
  #assemblyBytes = 0;
  #heldMessages = 0;
  #heldBytes = 0;
  #usedAtMs: number;
  #hasCome = false;
  /** Whether there is a connection, and whether its frames keep their order. */
  #link: 'none' | 'opening' | 'reliable' | 'unreliable' = 'none';
  #isAbandoned = false;
  /** How often the window was lowered on this connection; and as of which time the peer was told. */
  #lowered = 0;
  #told = 0;
  /** Has the peer told of a lower window soon: set by the session. */
  sink: Pick<SessionSink, 'requestFlush'> | undefined;
  /** Without a connection: forgets what is unfinished. Set by the session. */
  inbox: { forgetUnfinished(): void } | undefined;

  /** @throws {@link WilcoError} `WILCO_OVERLOADED` when the budget has no room for another session. */
  constructor(options: ResolvedSessionOptions, budget: WindowBudget, nowMs = 0) {
    this.#options = options;
    this.#budget = budget;
    this.#usedAtMs = nowMs;
    const first = this.#reserveFirst(nowMs);
    this.#grant = new WindowGrant(first, {
      messages: options.windowMessagesMax * SESSION_MESSAGES,
      bytes: options.windowBytesMax * SESSION_BYTES,
    });
    budget.used(this);
  }

  get messages(): number {
    return this.#grant.messages;
  }

  get bytes(): number {
    return this.#grant.bytes;
  }

  /** What it takes of the budget: for all that the peer may still have in flight, and large messages. */
  get reservedBytes(): number {
    return this.#reservedBytes + this.#assemblyBytes;
  }

  /** The largest message that this side takes: one that its budget can hold. */
  get maxMessageBytes(): number {
    const most = Math.floor(this.#budget.capacityBytes * MESSAGE_SHARE);
    return Math.max(1, Math.min(this.#options.maxMessageBytes, most, LIMITS.messageBytes));
  }

  /** The window of a new channel. */
  channelGrant(): WindowGrant {
    const { windowMessages, windowBytes, windowMessagesMax, windowBytesMax } = this.#options;
    return new WindowGrant(
      { messages: windowMessages, bytes: windowBytes },
      { messages: windowMessagesMax, bytes: windowBytesMax },
    );
  }

  /** Until an ACK names a channel, the peer goes by the window of the session, which may grow. */
  allowUnnamed(channel: WindowGrant): void {
    channel.mostMessages = Math.max(channel.mostMessages, UNNAMED_MESSAGES);
    channel.mostBytes = Math.max(channel.mostBytes, UNNAMED_BYTES);
  }

  /** Returns what is wrong with a message that takes `cost` bytes, if anything is. */
  check(channel: ReceiveChannel, cost: number): WilcoError | undefined {
    const isWithin =
      channel.heldMessages < channel.window.mostMessages &&
      channel.heldBytes + cost <= channel.window.mostBytes &&
      this.#heldMessages < this.#grant.mostMessages &&
      this.#heldBytes + cost <= this.#grant.mostBytes;
    if (isWithin) return undefined;
    return new WilcoError(
      'WILCO_WINDOW_EXCEEDED',
      `${String(channel.heldMessages)} messages and ${String(channel.heldBytes)} bytes are held in channel ${String(channel.number)}, and ${String(cost)} more bytes came`,
    );
  }

  hold(cost: number): void {
    this.#heldMessages += 1;
    this.#heldBytes += cost;
    this.#hasCome = true;
    this.#grant.came(cost);
  }

  /**
   * A message that a store held is here already, and so are the bytes that a large one has besides
   * its place in the window. Both count against the budget, also above it, until it is handled.
   */
  restored(cost: number, assemblyBytes: number): void {
    this.#heldMessages += 1;
    this.#heldBytes += cost;
    this.#grant.held(this.#heldMessages, this.#heldBytes);
    const heldBytes = costOf(this.#grant.mostMessages, this.#grant.mostBytes);
    this.#budget.take(heldBytes - this.#reservedBytes, assemblyBytes);
    this.#reservedBytes = heldBytes;
    this.#assemblyBytes += assemblyBytes;
  }

  letGo(cost: number, assemblyBytes: number): void {
    this.#heldMessages -= 1;
    this.#heldBytes -= cost;
    this.releaseAssembly(assemblyBytes);
    if (this.#grant.mostMessages > this.messages || this.#grant.mostBytes > this.bytes) {
      this.#grant.settle(this.#heldMessages, this.#heldBytes);
      this.#giveUnneeded();
    }
  }

  /** A large message is gone. */
  releaseAssembly(bytes: number): void {
    if (this.#isAbandoned) return;
    this.#assemblyBytes -= bytes;
    this.#budget.releaseAssembly(bytes);
  }

  /** Grows where the peer uses it up, at the cost of others who have more or do not use theirs. */
  grow(nowMs: number): void {
    if (this.#hasCome) {
      this.#hasCome = false;
      this.#usedAtMs = nowMs;
      this.#budget.used(this);
    }
    if (this.#grant.isUsedUp) this.#growGrant(nowMs);
    if (this.#waiting === undefined) return;
    for (const assembly of this.#waiting.keys()) this.#askFor(assembly, nowMs);
  }

  /** WELCOME or READY tells the peer of it: from now on it is promised. */
  offered(): void {
    this.#link = 'opening';
    this.#lowered = this.#told = 0;
  }

  /** A connection is open. */
  attached(isReliable: boolean): void {
    this.#link = isReliable ? 'reliable' : 'unreliable';
  }

  /** Without a connection the window starts small again. */
  detached(): void {
    this.#link = 'none';
    this.#grant.shrink(this.#heldMessages, this.#heldBytes);
    this.#giveUnneeded();
  }

  /**
   * Others want room. An idle window goes down to a part of its beginning, one that has
   * more than twice what the other would have is halved; what that gives comes back
   * when the peer is known to go by it, and what it had sent before is handled.
   */
  giveBack(rivalBytes: number, nowMs: number): number {
    // Where frames overtake each other nobody can tell what the peer goes by.
    if (this.#link === 'unreliable' || this.#link === 'opening') return 0;
    const before = this.reservedBytes;
    if (this.#link === 'none') this.inbox?.forgetUnfinished();
    const { windowMessages, windowBytes } = this.#options;
    const isIdle = nowMs - this.#usedAtMs >= IDLE_MS;
    let isLower = false;
    if (isIdle) {
      isLower = this.#grant.lower(
        Math.ceil(windowMessages * SESSION_MESSAGES * IDLE_SHARE),
        Math.ceil(windowBytes * SESSION_BYTES * IDLE_SHARE),
      );
    } else if (costOf(this.messages, this.bytes) > 2 * rivalBytes) {
      isLower = this.#grant.lower(Math.ceil(this.messages / 2), Math.ceil(this.bytes / 2));
    }
    if (this.#link === 'none') {
      this.#grant.known(this.#heldMessages, this.#heldBytes);
      this.#giveUnneeded();
    } else if (isLower) {
      this.#lowered += 1;
      this.sink?.requestFlush();
    }
    return before - this.#assemblyBytes - costOf(this.messages, this.bytes);
  }

  /** Whether the peer is to be told of a lower window. */
  get isToTell(): boolean {
    return this.#told < this.#lowered;
  }

  /** An ACK says the window as it is. Returns as of which lowering. */
  tell(): void {
    this.#told = this.#lowered;
  }

  /** As of which lowering the peer was told. */
  get told(): number {
    return this.#told;
  }

  /** The peer has read everything up to the ACK that told of a lowering, and all that it sent before is here. */
  confirmed(told: number): void {
    if (told !== this.#lowered) return;
    this.#grant.known(this.#heldMessages, this.#heldBytes);
    this.#giveUnneeded();
  }

  /** Lets a large message come, now or when the budget has room; then calls `onGranted`. */
  grant(assembly: Assembly, onGranted: () => void, nowMs: number): void {
    const { totalBytes } = assembly;
    // The first of a session may take what there is; more of them leave as much to others.
    const isFair =
      this.#assemblyBytes === 0 || this.#assemblyBytes + totalBytes <= this.#budget.freeBytes;
    if (isFair && this.#budget.reserveAssembly(totalBytes)) {
      this.#assemblyBytes += totalBytes;
      assembly.grantedBytes = totalBytes;
      this.#granted ??= new Map();
      this.#granted.set(assembly, totalBytes);
      this.#waiting?.delete(assembly);
      onGranted();
      return;
    }
    const retry = (): void => {
      if (this.#waiting?.has(assembly) === true) this.grant(assembly, onGranted, nowMs);
    };
    this.#waiting ??= new Map();
    const isNew = !this.#waiting.has(assembly);
    this.#waiting.set(assembly, retry);
    this.#budget.whenReleased(retry);
    if (isNew) this.#askFor(assembly, nowMs);
  }

  /** The large message will not be finished. A finished one gives its memory back when it is handled. */
  revoke(assembly: Assembly): void {
    const retry = this.#waiting?.get(assembly);
    if (retry !== undefined) this.#budget.forget(retry);
    this.#waiting?.delete(assembly);
    const bytes = this.#granted?.get(assembly) ?? 0;
    this.#granted?.delete(assembly);
    this.releaseAssembly(bytes);
  }

  /** The large message is whole: its memory goes with it. */
  finished(assembly: Assembly): void {
    this.#granted?.delete(assembly);
  }

  /** Nothing comes any more. What is held keeps its memory until it is handled. */
  end(): void {
    this.#link = 'none';
    this.#budget.left(this);
    this.#grant.lower(0, 0);
    this.#grant.known(this.#heldMessages, this.#heldBytes);
    this.#giveUnneeded();
  }

  /** What is held will not be handled, or nobody waits for it any more. */
  abandon(): void {
    this.#grant.known(0, 0);
    this.#giveUnneeded();
    this.releaseAssembly(this.#assemblyBytes);
    this.#isAbandoned = true;
  }

  #growGrant(nowMs: number): void {
    this.#grant.grow((messages, bytes) => {
      const wantedBytes = costOf(messages, bytes);
      const moreBytes = wantedBytes - this.#reservedBytes;
      if (moreBytes > 0 && !this.#budget.reserveGrowth(moreBytes)) {
        this.#budget.takeBack(moreBytes, this, wantedBytes, nowMs);
        return false;
      }
      this.#reservedBytes += Math.max(0, moreBytes);
      return true;
    });
  }

  #askFor({ totalBytes }: Assembly, nowMs: number): void {
    this.#budget.takeBack(totalBytes, this, this.#reservedBytes, nowMs);
  }

  /** Gives back what the peer can not fill any more. */
  #giveUnneeded(): void {
    const spareBytes =
      this.#reservedBytes - costOf(this.#grant.mostMessages, this.#grant.mostBytes);
    if (spareBytes <= 0) return;
    this.#reservedBytes -= spareBytes;
    this.#budget.release(spareBytes);
  }

  /** As much as its option says; where windows take half of the budget, as little as an idle one, or less. */
  #reserveFirst(nowMs: number): Window {
    const { windowMessages, windowBytes } = this.#options;
    const full = {
      messages: windowMessages * SESSION_MESSAGES,
      bytes: windowBytes * SESSION_BYTES,
    };
    const fullCost = costOf(full.messages, full.bytes);
    if (this.#budget.reserveGrowth(fullCost)) {
      this.#reservedBytes = fullCost;
      return full;
    }
    this.#budget.takeBack(fullCost, this, fullCost, nowMs);
    for (let share = IDLE_SHARE; ; share /= 2) {
      const messages = Math.ceil(full.messages * share);
      const bytes = Math.ceil(full.bytes * share);
      const cost = costOf(messages, bytes);
      if (this.#budget.reserveFirst(cost)) {
        this.#reservedBytes = cost;
        return { messages, bytes };
      }
      if (cost <= LEAST_BYTES || (messages === 1 && bytes === 1)) break;
    }
    throw new WilcoError(
      'WILCO_OVERLOADED',
      `${String(this.#budget.reservedBytes)} of ${String(this.#budget.capacityBytes)} bytes for windows are promised`,
    );
  }
}

function costOf(messages: number, bytes: number): number {
  return messages * LIMITS.messageOverheadBytes + bytes;
}
