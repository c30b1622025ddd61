import type { Connection, ConnectionEvents } from '@wilco/endpoint';
import type { TerminalEvent } from './link-faults.ts';
import type { PipeReader } from './pipe.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What a connection asks of the link that it is one end of. */
export interface ConnectionLink {
  readonly isReliable: boolean;
  unsentBytes(from: VirtualConnection): number;
  written(from: VirtualConnection, bytes: Uint8Array): void;
  ended(from: VirtualConnection): void;
  destroyed(from: VirtualConnection): void;
}

/** Where the other end of a connection is. */
export interface RemotePlace {
  /** Name of the host. */
  readonly host: string;
  readonly port: number;
}

/** One end of a virtual link, as the process that holds it sees it. */
export class VirtualConnection implements Connection, PipeReader {
  readonly remote: string;
  /** Name of the other host. */
  readonly remoteHost: string;
  readonly isExposed = false;
  /** What was written is delivered, or a copy: nobody writes to it again. */
  readonly handsOverReads = true;
  readonly process: VirtualProcess;
  readonly #link: ConnectionLink;
  #events: ConnectionEvents | undefined;
  #isOpen = false;
  #isEnded = false;
  #isDestroyed = false;

  constructor(link: ConnectionLink, process: VirtualProcess, remote: RemotePlace) {
    this.#link = link;
    this.process = process;
    this.remoteHost = remote.host;
    this.remote = `${remote.host}:${remote.port}`;
  }

  get isReliable(): boolean {
    return this.#link.isReliable;
  }

  get unsentBytes(): number {
    return this.#link.unsentBytes(this);
  }

  get isAwake(): boolean {
    return this.process.isAwake;
  }

  /** Whether the process still cares for it. */
  get isHeld(): boolean {
    return this.process.isAlive && !this.#isDestroyed;
  }

  attach(events: ConnectionEvents): void {
    if (this.#events !== undefined) throw new TypeError('the connection is attached already');
    this.#events = events;
  }

  write(bytes: Uint8Array): void {
    this.process.onWrite();
    if (this.#isOpen && !this.#isEnded && this.isHeld) this.#link.written(this, bytes);
  }

  end(): void {
    if (this.#isEnded || !this.isHeld) return;
    this.#isEnded = true;
    this.#link.ended(this);
  }

  destroy(): void {
    if (!this.isHeld) return;
    this.#isDestroyed = true;
    this.#link.destroyed(this);
  }

  /** From now on it takes bytes. */
  open(): void {
    this.#isOpen = true;
  }

  reportOpened(): void {
    if (!this.isHeld) return;
    this.open();
    this.#events?.opened();
  }

  /** It lives on for its process, but takes no more bytes. */
  stopWriting(): void {
    this.#isEnded = true;
  }

  /** Reports the end, each event in a turn of its own. */
  report(farewell: readonly TerminalEvent[], reason: string): void {
    const [event, ...later] = farewell;
    if (event === undefined) return;
    this.post(0, () => {
      this.#reportOne(event, reason);
      this.report(later, reason);
    });
  }

  post(atMs: number, run: () => void): void {
    this.process.post(atMs, run);
  }

  deliver(bytes: Uint8Array): void {
    if (this.isHeld) this.#events?.received(bytes);
  }

  /** Also after `destroy()`: real systems report what they had decided to report before. */
  #reportOne(event: TerminalEvent, reason: string): void {
    if (event === 'failed') this.#events?.failed(new Error(reason));
    else if (event === 'ended') this.#events?.ended();
    else this.#events?.closed();
  }
}
