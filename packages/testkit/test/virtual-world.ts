import { expect } from 'vitest';
import type { Connection } from '@wilco/endpoint';
import {
  PERFECT_LINK,
  PERFECT_PATH,
  SeededRandom,
  VirtualClock,
  VirtualNetwork,
  type LinkFate,
  type LinkFaults,
  type PathFaults,
} from '../src/index.ts';

export interface Side {
  connection: Connection;
  readonly seen: string[];
  bytes(): string;
}

export function world(
  faultsFor: (number: number) => Partial<LinkFaults> = () => ({}),
  isReliable = true,
) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({
    clock,
    random: new SeededRandom(1),
    isReliable,
    faultsFor: ({ number }) => ({ ...PERFECT_LINK, ...faultsFor(number) }),
  });
  return { clock, network };
}

/** Two hosts and one link between them that has the faults; links after it have none. */
export function pair(
  faults: Omit<Partial<LinkFaults>, 'up' | 'down'> & { up?: Partial<PathFaults> } = {},
  fate?: LinkFate,
  isReliable = true,
) {
  const first = { ...faults, fate, up: { ...PERFECT_PATH, ...faults.up } };
  const { clock, network } = world((number) => (number === 1 ? first : {}), isReliable);
  const dialler = side();
  const acceptor = side();
  const dial = (into: Side = side()): void => {
    into.connection = network.host('a').transport().connect({ host: 'b', port: 7411 });
    attach(into.connection, clock, into.seen);
  };
  async function open(): Promise<void> {
    let accepted = 0;
    await network
      .host('b')
      .transport()
      .listen({ port: 7411 }, (connection) => {
        const into = accepted++ === 0 ? acceptor : side();
        into.connection = connection;
        attach(connection, clock, into.seen);
      });
    dial(dialler);
    clock.advanceTo(1);
  }
  return {
    clock,
    network,
    dialler,
    acceptor,
    open,
    dial,
    link: () => network.links[0] ?? expect.unreachable(),
  };
}

export function side(): Side {
  const seen: string[] = [];
  return {
    seen,
    connection: undefined as unknown as Connection,
    bytes: () => seen.map((line) => line.replace(/^[\d.]+ /s, '')).join(''),
  };
}

export function attach(connection: Connection, clock: VirtualClock, seen: string[]): void {
  const see = (what: string) => void seen.push(`${clock.nowMs()} ${what}`);
  connection.attach({
    opened: () => see('opened'),
    received: (bytes) => see(Buffer.from(bytes).toString('latin1')),
    ended: () => see('ended'),
    failed: (error) => see(`failed: ${error.message}`),
    closed: () => see('closed'),
  });
}

export function frame(kind: number, body: string): string {
  const length = body.length + 1;
  const varint = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return String.fromCharCode(...varint, kind) + body;
}

export function latin(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value, 'latin1'));
}

export const text = latin;
