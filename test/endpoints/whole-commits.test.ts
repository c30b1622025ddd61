import { describe, expect, test } from 'vitest';
import { defineMessage, type Receipt } from '@wilco/client';
import { Progress, type StoreOperation } from '@wilco/protocol';
import { memoryStore, type Store } from '@wilco/store';
import { storeAround } from '../../packages/store/test/store-around.ts';
import { virtualPair } from './virtual-pair.ts';

const Job = defineMessage<number, number>('job');

describe('what one commit holds', () => {
  test('is whole for each session, whichever of them wanted it', async () => {
    const audits = { server: new CommitAudit(), client: new CommitAudit() };
    const pair = await virtualPair({
      server: { store: audits.server.watch(memoryStore({ keep: true })) },
      client: { store: audits.client.watch(memoryStore({ keep: true })) },
    });
    const handle = (place: number): Promise<number> =>
      new Promise((resolve) => {
        pair.clock.schedule(pair.clock.nowMs() + (place % 3), () => resolve(place));
      });
    pair.server.handle(Job, handle, { concurrency: 4 });
    const receipts: Receipt<number>[] = [];
    const clients = [pair.client, pair.dial('second'), pair.dial('third')];
    for (let place = 0; place < 300; place++) {
      receipts.push(...clients.map((client) => client.send(Job, place)));
      await pair.run(place % 2);
    }
    await pair.until(() => receipts.every(({ outcome }) => outcome !== undefined));
    await pair.stop();
    expect(audits.server.faults).toEqual([]);
    expect(audits.client.faults).toEqual([]);
  });
});

/** What a store has of one session, and what of it can not be so. */
class SessionAudit {
  readonly #next = new Map<number, number>();
  readonly #received = new Map<number, { received: number; handled: Progress }>();
  readonly #outgoing = new Map<string, string>();
  readonly #incoming = new Set<string>();

  apply(operation: StoreOperation): void {
    switch (operation.type) {
      case 'putSending':
        this.#next.set(operation.record.channel, operation.record.next);
        return;
      case 'putReceiving': {
        const { channel, received, handled: position, ranges } = operation.record;
        const handled = new Progress(position);
        for (let i = 0; i < ranges.length; i += 2) handled.add(ranges[i] ?? 0, ranges[i + 1]);
        this.#received.set(channel, { received, handled });
        return;
      }
      case 'putOutgoing': {
        const { channel, seq, answer } = operation.record;
        this.#outgoing.set(`${channel} ${seq}`, answer ? `${answer.channel} ${answer.seq}` : '');
        return;
      }
      case 'putIncoming':
        this.#incoming.add(`${operation.record.channel} ${operation.record.seq}`);
        return;
      case 'dropOutgoing':
        for (let seq = operation.from; seq < operation.to; seq++)
          this.#outgoing.delete(`${operation.channel} ${seq}`);
        return;
      case 'dropIncoming':
        this.#incoming.delete(`${operation.channel} ${operation.seq}`);
        return;
      default:
      // The rest is whole by itself.
    }
  }

  *faults(): Generator<string> {
    for (const place of this.#outgoing.keys()) {
      const [channel, seq] = numbersOf(place);
      if (seq >= (this.#next.get(channel) ?? 1)) yield `${place} was queued, its number is free`;
    }
    for (const place of this.#incoming) {
      const [channel, seq] = numbersOf(place);
      const { received = 1, handled } = this.#received.get(channel) ?? {};
      if (seq >= received) yield `${place} came, and is still expected`;
      if (handled?.has(seq) === true) yield `${place} is handled, and waits for it`;
    }
    yield* this.#missing();
  }

  *#missing(): Generator<string> {
    const known = new Set([...this.#incoming, ...this.#outgoing.values()]);
    for (const [channel, { received, handled }] of this.#received) {
      for (let seq = handled.position; seq < received; seq++) {
        const isKnown = known.has(`${channel} ${seq}`) || handled.has(seq);
        if (!isKnown) yield `${channel} ${seq} is gone, and was not handled`;
      }
    }
  }
}

function numbersOf(place: string): readonly [number, number] {
  const [channel = 0, seq = 0] = place.split(' ').map(Number);
  return [channel, seq];
}

/** Looks at a store as a crash would leave it, after each of its commits. */
class CommitAudit {
  readonly faults: string[] = [];
  readonly #sessions = new Map<string, SessionAudit>();

  watch(store: Store): Store {
    return storeAround(store, {
      commit: (operations, done) => {
        this.#check(operations);
        store.commit(operations, done);
      },
    });
  }

  #check(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      const name = 'record' in operation ? operation.record.session : sessionOf(operation);
      if (name === undefined) continue;
      if (operation.type === 'dropSession') this.#sessions.delete(name);
      else this.#of(name).apply(operation);
    }
    for (const session of this.#sessions.values()) {
      if (this.faults.length < 5) this.faults.push(...session.faults());
    }
  }

  #of(name: string): SessionAudit {
    const known = this.#sessions.get(name) ?? new SessionAudit();
    this.#sessions.set(name, known);
    return known;
  }
}

function sessionOf(operation: StoreOperation): string | undefined {
  return 'session' in operation ? operation.session : undefined;
}
