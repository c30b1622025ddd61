/** What one run of the benchmark moves, and where. */
export interface Work {
  /** Where the receiver listens, on 127.0.0.1. */
  readonly port: number;
  /** The body of every message: bytes, or an object for the rows about objects. */
  readonly body: Uint8Array | Order;
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
  /** Whether it carries the object of the typed row, or bytes only. */
  readonly takesObjects: boolean;
  startReceiver(work: Work): Promise<Receiver>;
  /** Tells `acknowledged` how many messages more were acknowledged, each once. */
  startSender(work: Work, acknowledged: (count: number) => void): Promise<Sender>;
  /** Opens a connection that stays open and idle; for the row about memory. */
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
