import type { Broker } from './broker.ts';
import type { Launch } from './launch.ts';

/** What one run of the benchmark moves, and where. */
export interface Work {
  /** Where the receiver listens, or the broker, on 127.0.0.1. */
  readonly port: number;
  /** A folder of this run alone, empty at first. */
  readonly folder: string;
  /** The body of every message: bytes, or an object for the rows about objects. */
  readonly body: Uint8Array | Order;
  /** How many messages may be unacknowledged at a time, at most. */
  readonly inFlight: number;
  /** Each acknowledgement has to say that the message is on disk. */
  readonly isDurable: boolean;
  /** Both sides say that the transport protects the bytes, so that nothing is summed up. */
  readonly isProtected: boolean;
}

/** The object of the typed row. */
export interface Order {
  readonly customer: string;
  readonly sku: string;
  readonly quantity: number;
  readonly price: number;
  readonly isPaid: boolean;
}

/** The half that handles messages, in a process of its own. */
export interface Receiver {
  /** Messages that the application has handled. */
  handled(): number;
}

/** The half that sends, in a process of its own. */
export interface Sender {
  /** Sends one message. Must return before its acknowledgement is told. */
  send(): void;
}

/** Something that carries acknowledged messages: Wilco, or what a user would pick instead. */
export interface Peer {
  readonly name: string;
  /** What its acknowledgement says. */
  readonly meaning: string;
  /**
   * What it is there for: what a user would pick, what one writes by hand, or a bound that
   * gives up what the others promise.
   */
  readonly kind: 'wilco' | 'product' | 'byHand' | 'bound';
  /** Who acknowledges: the handler's own side, or a broker in between, which is ahead of it. */
  readonly acknowledgedBy: 'application' | 'broker';
  /** Which bodies it carries. */
  readonly carries: 'bytes' | 'objects' | 'both';
  /** Whether it runs in the rows in which an acknowledgement means *on disk*; `only`: in no others. */
  readonly stores?: 'also' | 'only';
  /** The most messages that it can have unacknowledged. */
  readonly inFlightMax?: number;
  /** The program that has to be installed for it, and how Debian calls its package. */
  readonly needs?: { readonly program: string; readonly debianPackage: string };
  /** Starts a program in between, the third process. */
  startBroker?(work: Work, launch: Launch): Promise<Broker>;
  /** Is the broker in between, in a process of the benchmark. */
  serveBroker?(work: Work): Promise<void>;
  startReceiver(work: Work): Promise<Receiver>;
  /** Tells `acknowledged` how many messages more were acknowledged, each once. */
  startSender(work: Work, acknowledged: (count: number) => void): Promise<Sender>;
  /** Opens a connection that stays open and idle; for the rows about idle connections. */
  openIdle?(work: Work): Promise<unknown>;
}

/** Every message of a row of bytes: text, so that peers that speak JSON can carry it. */
export function bytesOf(size: number): Uint8Array {
  return Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz0123456789');
}

/** The text of a body, for peers that speak text; small bodies are ASCII. */
export function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}

/** The body of a row of bytes. */
export function asBuffer(body: Work['body']): Buffer {
  if (!(body instanceof Uint8Array)) throw new TypeError('this peer carries bytes only');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

export const ORDER: Order = {
  customer: 'c-48213377',
  sku: 'SKU-99-AX',
  quantity: 4,
  price: 129.95,
  isPaid: true,
};

/** The peer in `peers/<name>.ts`. Throws where a package that it needs is missing. */
export async function loadPeer(name: string): Promise<Peer> {
  const module = (await import(`./peers/${name}.ts`)) as { readonly peer: Peer };
  return module.peer;
}
