import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '@wilco/protocol';
import { resolveSessionOptions, WindowBudget } from '../src/index.ts';
import { ReceiveChannel } from '../src/receive-channel.ts';
import { SessionWindow } from '../src/session-window.ts';
import { WindowGrant } from '../src/window-grant.ts';

describe('a granted window', () => {
  test('doubles once the peer has used it up twice, up to its limit', () => {
    const grant = new WindowGrant({ messages: 2, bytes: 100 }, { messages: 8, bytes: 300 });
    const sizes: [number, number][] = [];
    for (let i = 0; i < 40; i++) {
      grant.came(60);
      if (grant.grow(() => true)) sizes.push([grant.messages, grant.bytes]);
    }
    expect(sizes.at(-1)).toEqual([8, 300]);
    expect(sizes[0]?.[0]).toBe(4);
  });

  test('stays where the budget has no room', () => {
    const grant = new WindowGrant({ messages: 64, bytes: 100 }, { messages: 64, bytes: 800 });
    for (let i = 0; i < 10; i++) grant.came(100);
    expect(grant.grow(() => false)).toBe(false);
    expect(grant.bytes).toBe(100);
  });

  test('shrinks to its beginning without a connection, never below what is held', () => {
    const grant = new WindowGrant({ messages: 2, bytes: 100 }, { messages: 64, bytes: 800 });
    for (let i = 0; i < 20; i++) {
      grant.came(100);
      grant.grow(() => true);
    }
    expect(grant.bytes).toBe(800);
    grant.shrink(5, 350);
    expect([grant.messages, grant.bytes]).toEqual([5, 350]);
    expect([grant.mostMessages, grant.mostBytes]).toEqual([5, 350]);
  });
});

describe('the budget of all windows', () => {
  test('refuses a session that it has no room for, in plain words', () => {
    const budget = new WindowBudget(600);
    expect(() => new SessionWindow(resolveSessionOptions(), budget)).toThrow('WILCO_OVERLOADED');
    expect(budget.reservedBytes).toBe(0);
  });

  test('keeps a quarter for new sessions and a quarter for large messages, whatever others hold', () => {
    const budget = new WindowBudget(1_000);
    while (budget.reserveGrowth(10));
    expect(budget.reservedBytes).toBe(500);
    while (budget.reserveAssembly(10));
    expect(budget.reservedBytes).toBe(750);
    while (budget.reserveFirst(10));
    expect(budget.reservedBytes).toBe(1_000);
    const other = new WindowBudget(1_000);
    while (other.reserveFirst(10));
    expect(other.reservedBytes).toBe(750);
    while (other.reserveAssembly(10));
    expect(other.reservedBytes).toBe(1_000);
  });

  test('takes idle windows back, once their peers know, for those that are used', () => {
    const { budget, options } = small();
    const idle = new Peer(options, budget, 0);
    idle.growToTheMost(0);
    const large = idle.window.bytes;
    expect(large).toBeGreaterThan(100_000);
    const busy = new Peer(options, budget, 0);
    busy.growToTheMost(5_000);
    expect(idle.window.bytes).toBeLessThan(options.windowBytes);
    // The peer may still fill it: nothing is given to another before it knows.
    expect(idle.window.reservedBytes).toBeGreaterThan(large);
    const before = busy.window.bytes;
    idle.exchangeAcks(5_000);
    expect(idle.window.reservedBytes).toBeLessThan(large / 4);
    busy.growToTheMost(5_100);
    expect(busy.window.bytes).toBeGreaterThan(before);
  });

  test('that one busy session has filled is shared with the next', () => {
    const { budget, options } = small();
    const first = new Peer(options, budget, 0);
    first.growToTheMost(0);
    const second = new Peer(options, budget, 0);
    for (let i = 0; i < 20; i++) {
      for (const peer of [first, second]) {
        peer.growToTheMost(i);
        peer.exchangeAcks(i);
      }
    }
    expect(second.window.bytes * 4).toBeGreaterThanOrEqual(first.window.bytes);
    expect(first.window.bytes * 4).toBeGreaterThanOrEqual(second.window.bytes);
  });

  test('has room for what is held by a session that is over, until it is handled', () => {
    const { budget, options } = small();
    const peer = new Peer(options, budget, 0);
    for (let i = 0; i < 10; i++) expect(peer.send(1_000)).toBe(true);
    peer.arrive(10);
    peer.window.end();
    expect(budget.reservedBytes).toBe(10 * (1_000 + LIMITS.messageOverheadBytes));
    for (let i = 0; i < 10; i++) peer.handle();
    expect(budget.reservedBytes).toBe(0);
  });

  test('never promises more than it has, whatever sessions do, and no honest sender exceeds a window', () => {
    const kind = fc.constantFrom('fill', 'send', 'arrive', 'handle', 'ack', 'cut', 'end');
    const step = fc.record({
      kind,
      which: fc.nat(5),
      bytes: fc.integer({ min: 0, max: 16_384 }),
      count: fc.nat(40),
      afterMs: fc.nat(900),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), (steps) => {
        const { budget, options } = small();
        const peers: Peer[] = [];
        let nowMs = 0;
        for (const { which, afterMs, ...act } of steps) {
          nowMs += afterMs;
          const peer = (peers[which] ??= new Peer(options, budget, nowMs));
          peer.act(act, nowMs);
          if (act.kind === 'end') Reflect.deleteProperty(peers, which);
          const open = Object.values(peers);
          const sum = open.reduce((bytesOf, { window }) => bytesOf + window.reservedBytes, 0);
          expect(sum).toBe(budget.reservedBytes);
          expect(sum).toBeLessThanOrEqual(budget.capacityBytes);
          for (const one of open) one.checkHeld();
        }
        for (const peer of Object.values(peers)) peer.end();
        expect(budget.reservedBytes).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

function small(): { budget: WindowBudget; options: ReturnType<typeof resolveSessionOptions> } {
  const options = resolveSessionOptions({
    windowMessages: 4,
    windowMessagesMax: 256,
    windowBytes: 16_384,
    windowBytesMax: 262_144,
  });
  return { budget: new WindowBudget(1_200_000), options };
}

/** A window, and a sender that goes by what it was told of it, some time ago. */
class Peer {
  readonly window: SessionWindow;
  readonly #channel: ReceiveChannel;
  #known: { messages: number; bytes: number };
  #onWire: number[] = [];
  #held: number[] = [];
  #inFlightBytes = 0;
  /** ACKs on their way to the sender: a window, and whether a PROBE is behind it. */
  #acks: { messages: number; bytes: number; probe: number | undefined }[] = [];
  /** PROBE_ACKs on their way back, behind so many messages. */
  #probeAcks: { told: number; behind: number }[] = [];

  constructor(
    options: ReturnType<typeof resolveSessionOptions>,
    budget: WindowBudget,
    nowMs: number,
  ) {
    this.window = new SessionWindow(options, budget, nowMs);
    const most = { messages: 65_536, bytes: 2 ** 30 };
    this.#channel = new ReceiveChannel(1, 'default', new WindowGrant(most, most));
    this.#known = this.#offer();
  }

  act({ kind, bytes, count }: { kind: string; bytes: number; count: number }, nowMs: number): void {
    if (kind === 'fill') this.growToTheMost(nowMs, count / 4);
    else if (kind === 'send') for (let i = 0; i < count; i++) this.send(bytes);
    else if (kind === 'arrive') this.arrive(count);
    else if (kind === 'handle') for (let i = 0; i < count; i++) this.handle();
    else if (kind === 'ack') this.exchangeAcks(nowMs, count % 3);
    else if (kind === 'cut') this.reconnect();
    else this.end();
  }

  /** Sends a message, if the window that the sender knows allows it. */
  send(bytes: number): boolean {
    const count = this.#onWire.length + this.#held.length;
    if (count >= this.#known.messages) return false;
    if (this.#inFlightBytes + bytes > this.#known.bytes) return false;
    this.#inFlightBytes += bytes;
    this.#onWire.push(bytes);
    return true;
  }

  arrive(count: number): void {
    for (const bytes of this.#onWire.splice(0, count)) {
      expect(this.window.check(this.#channel, bytes)).toBeUndefined();
      this.window.hold(bytes);
      this.#held.push(bytes);
      for (const one of this.#probeAcks) one.behind -= 1;
    }
    while (this.#probeAcks[0] !== undefined && this.#probeAcks[0].behind <= 0) {
      this.window.confirmed(this.#probeAcks.shift()?.told ?? 0);
    }
  }

  handle(): void {
    const bytes = this.#held.shift();
    if (bytes === undefined) return;
    this.#inFlightBytes -= bytes;
    this.window.letGo(bytes, 0);
  }

  /** Says an ACK; as many of those under way as not stay behind come to the sender. */
  exchangeAcks(nowMs: number, behind = 0): void {
    const isLowered = this.window.isToTell;
    this.window.grow(nowMs);
    const isProbed = isLowered || this.window.isToTell;
    this.window.tell();
    const { messages, bytes, told } = this.window;
    this.#acks.push({ messages, bytes, probe: isProbed ? told : undefined });
    while (this.#acks.length > behind) {
      const ack = this.#acks.shift();
      if (ack === undefined) return;
      this.#known = ack;
      if (ack.probe === undefined) continue;
      this.#probeAcks.push({ told: ack.probe, behind: this.#onWire.length });
    }
    this.arrive(0);
  }

  /** Uses it up until it grows no more. */
  growToTheMost(nowMs: number, times = 40): void {
    for (let i = 0; i < times; i++) {
      // A sender cuts what does not fit.
      const bytes = Math.min(4_000, Math.ceil(this.#known.bytes / 4));
      while (this.send(bytes));
      this.arrive(1_000);
      while (this.#held.length > 0) this.handle();
      this.exchangeAcks(nowMs);
    }
  }

  reconnect(): void {
    this.window.detached();
    for (const bytes of this.#onWire) this.#inFlightBytes -= bytes;
    this.#onWire = [];
    this.#acks = [];
    this.#probeAcks = [];
    this.#known = this.#offer();
  }

  checkHeld(): void {
    const bytes = this.#held.reduce((sum, one) => sum + one, 0);
    const cost = bytes + this.#held.length * LIMITS.messageOverheadBytes;
    expect(cost).toBeLessThanOrEqual(this.window.reservedBytes);
  }

  end(): void {
    this.window.end();
    while (this.#held.length > 0) this.handle();
    expect(this.window.reservedBytes).toBe(0);
  }

  #offer(): { messages: number; bytes: number } {
    this.window.offered();
    this.window.attached(true);
    return { messages: this.window.messages, bytes: this.window.bytes };
  }
}
