import { LIMITS, WilcoError, type Window } from '@wilco/protocol';
import type { Assembly } from './assembly.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import type { WindowBudget } from './window-budget.ts';
import { WindowGrant } from './window-grant.ts';

/** Windows may grow into this part of the budget; the rest is for new sessions and large messages. */
const GROWTH_SHARE = 0.5;
/** New sessions may open while less than this part of the budget is reserved. */
const OPENING_SHARE = 0.75;
/** A session does not open with less than this, or its option if that is less. Bytes. */
const LEAST_BYTES = 1_024;
/** No message may take more than this part of the budget. */
const MESSAGE_SHARE = 0.25;
/** The window of a session is so many times that of a channel: one that is stuck leaves room for others. */
const SESSION_MESSAGES = 4;
const SESSION_BYTES = 2;
/** A channel that no ACK of the connection has named has the window of the session, but no more than this. */
const UNNAMED_MESSAGES = 64;
const UNNAMED_BYTES = 65_536;

/**
 * The memory that one session promises to its peer: its window, and the assemblies of
 * large messages, all out of the budget of the process.
 */
export class SessionWindow implements Window {
  readonly #options: ResolvedSessionOptions;
  readonly #budget: WindowBudget;
  readonly #grant: WindowGrant;
  readonly #waiting = new Map<Assembly, () => void>();
  readonly #granted = new Map<Assembly, number>();
  #heldMessages = 0;
  #heldBytes = 0;

  /** @throws {@link WilcoError} `WILCO_OVERLOADED` when the budget has no room for another session. */
  constructor(options: ResolvedSessionOptions, budget: WindowBudget) {
    this.#options = options;
    this.#budget = budget;
    const bytes = this.#reserveFirst(options.windowBytes * SESSION_BYTES);
    this.#grant = new WindowGrant(
      { messages: options.windowMessages * SESSION_MESSAGES, bytes },
      {
        messages: options.windowMessagesMax * SESSION_MESSAGES,
        bytes: options.windowBytesMax * SESSION_BYTES,
      },
    );
  }

  get messages(): number {
    return this.#grant.messages;
  }

  get bytes(): number {
    return this.#grant.bytes;
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
    this.#grant.came(cost);
  }

  letGo(cost: number, reservedBytes: number): void {
    this.#heldMessages -= 1;
    this.#heldBytes -= cost;
    this.#budget.release(reservedBytes);
  }

  release(reservedBytes: number): void {
    this.#budget.release(reservedBytes);
  }

  grow(): void {
    this.#grant.grow((bytes) => this.#budget.reserve(bytes, GROWTH_SHARE));
  }

  shrink(): void {
    this.#budget.release(this.#grant.shrink(this.#heldMessages, this.#heldBytes));
  }

  /** Lets a large message come, now or when the budget has room; then calls `onGranted`. */
  grant(assembly: Assembly, onGranted: () => void): void {
    if (this.#budget.reserve(assembly.totalBytes)) {
      assembly.grantedBytes = assembly.totalBytes;
      this.#granted.set(assembly, assembly.totalBytes);
      this.#waiting.delete(assembly);
      onGranted();
      return;
    }
    const retry = (): void => {
      if (this.#waiting.has(assembly)) this.grant(assembly, onGranted);
    };
    this.#waiting.set(assembly, retry);
    this.#budget.whenReleased(retry);
  }

  /** The large message will not be finished. A finished one gives its memory back when it is handled. */
  revoke(assembly: Assembly): void {
    const retry = this.#waiting.get(assembly);
    if (retry !== undefined) this.#budget.forget(retry);
    this.#waiting.delete(assembly);
    this.#budget.release(this.#granted.get(assembly) ?? 0);
    this.#granted.delete(assembly);
  }

  /** The large message is whole: its memory goes with it. */
  finished(assembly: Assembly): void {
    this.#granted.delete(assembly);
  }

  dispose(): void {
    this.#budget.release(this.#grant.bytes);
    this.#grant.bytes = 0;
  }

  #reserveFirst(wanted: number): number {
    const least = Math.min(wanted, LEAST_BYTES);
    for (let bytes = wanted; bytes >= least; bytes = Math.floor(bytes / 2)) {
      if (this.#budget.reserve(bytes, OPENING_SHARE)) return bytes;
    }
    throw new WilcoError(
      'WILCO_OVERLOADED',
      `${String(this.#budget.reservedBytes)} of ${String(this.#budget.capacityBytes)} bytes for windows are promised`,
    );
  }
}
