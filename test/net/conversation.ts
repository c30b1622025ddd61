import { expect } from 'vitest';
import { replyTo } from './parcel.ts';
import { PeerProcess } from './peer-process.ts';
import { sharedMs, type Diary, type PeerSettings, type PeerTelling } from './peer-words.ts';
import { Testbed } from './testbed.ts';

type Offline = Extract<PeerTelling, { told: 'offline' }>;

/** What a process needs, beyond the bound, to notice and to tell. Milliseconds. */
const SLACK_MS = 300;
/** From here on a late process counts as one that slept, and gives its peer a period more. */
const SLEEP_SHARE = 0.4;

/** How long each side announces that it waits. Milliseconds. */
export interface Waits {
  readonly client: number;
  readonly server: number;
}

/** With which code each side ended its connection. */
export type Verdicts = Readonly<Record<PeerSettings['role'], string>>;

/** A client and a server that talk over a network which a test may break. */
export class Conversation implements AsyncDisposable {
  readonly network: Testbed;
  readonly client: PeerProcess;
  readonly server: PeerProcess;
  readonly #waits: Waits;

  private constructor(network: Testbed, client: PeerProcess, server: PeerProcess, waits: Waits) {
    this.network = network;
    this.client = client;
    this.server = server;
    this.#waits = waits;
  }

  /** Both sides are online, and nothing was sent yet. */
  static async open(
    program: string,
    waits: Waits,
    prepare?: (network: Testbed) => Promise<void>,
  ): Promise<Conversation> {
    const network = await Testbed.open();
    const peers: PeerProcess[] = [];
    try {
      await prepare?.(network);
      const server = await PeerProcess.start(program, network, 'server', waits.server);
      peers.push(server);
      const client = await PeerProcess.start(program, network, 'client', waits.client);
      peers.push(client);
      const conversation = new Conversation(network, client, server, waits);
      await conversation.online(1);
      return conversation;
    } catch (error) {
      for (const peer of peers) await peer.stop();
      await network.close();
      throw error;
    }
  }

  get peers(): readonly PeerProcess[] {
    return [this.client, this.server];
  }

  /** Waits until both sides are online for the n-th time. */
  async online(times: number): Promise<void> {
    await this.each((peer) =>
      peer.until(`online ${String(times)} times`, () => peer.all('online').length >= times),
    );
  }

  /** Both sides send parcels, one each `everyMs`, for ever or until `count` of them. */
  send(everyMs: number, bytes: number, count = Number.MAX_SAFE_INTEGER): void {
    for (const peer of this.peers) peer.order({ order: 'send', everyMs, bytes, count });
  }

  /** Waits until each side has handled and settled so many more. */
  async flows(more: number): Promise<void> {
    await this.each((peer) => {
      const { handled, settled } = peer.progress;
      return peer.until(
        `${String(more)} parcels more`,
        () => peer.progress.handled >= handled + more && peer.progress.settled >= settled + more,
      );
    });
  }

  /**
   * Breaks something, and expects each side to find it within the wait that it announced. A
   * side that still hears may wait from the moment on at which the deaf one gave up and fell silent.
   *
   * Returns the codes of the verdicts.
   */
  async isFoundInTime(
    breakIt: () => Promise<void>,
    deaf: readonly PeerProcess[] = this.peers,
  ): Promise<Verdicts> {
    const before = new Map(this.peers.map((peer) => [peer, peer.all('offline').length]));
    await breakIt();
    const brokenMs = sharedMs();
    const find = async (peer: PeerProcess, fromMs: number): Promise<Offline> => {
      const index = before.get(peer) ?? 0;
      await peer.until('offline', () => peer.all('offline').length > index);
      const found = peer.all('offline')[index];
      if (found === undefined) throw new Error('a verdict came, and is not there');
      const bound = boundOf(this.#waits[peer.role], found.lagMs);
      expect(found.atMs - fromMs, `${peer.role}: ${found.code}`).toBeLessThan(bound);
      return found;
    };
    const first = await Promise.all(deaf.map((peer) => find(peer, brokenMs)));
    const silentMs = Math.max(...first.map(({ atMs }) => atMs));
    const [client, server] = await Promise.all([
      find(this.client, deaf.includes(this.client) ? brokenMs : silentMs),
      find(this.server, deaf.includes(this.server) ? brokenMs : silentMs),
    ]);
    return { client: client.code, server: server.code };
  }

  /** Ends the conversation, and expects that every parcel was handled once, in order, and that every receipt is true. */
  async isHonest(): Promise<void> {
    await this.each((peer) => peer.finish());
    const [client, server] = await Promise.all([this.client.diary(), this.server.diary()]);
    expectHandledOnce(client, server);
    expectHandledOnce(server, client);
    for (const peer of this.peers) expect(peer.all('stateLost'), peer.role).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.each((peer) => peer.stop());
    await this.network.close();
  }

  async each(step: (peer: PeerProcess, index: number) => Promise<void>): Promise<void> {
    await Promise.all(this.peers.map(step));
  }
}

/** The announced wait, and what the verdict of a process that was kept from running may take longer. */
function boundOf(waitMs: number, lagMs: number): number {
  const sleptMs = lagMs > waitMs * SLEEP_SHARE - SLACK_MS ? waitMs : 0;
  return waitMs + SLACK_MS + lagMs + sleptMs;
}

function expectHandledOnce(sender: Diary, receiver: Diary): void {
  const sent = [...sender.sent].sort((a, b) => a.number - b.number);
  const numbers = sent.map((_, index) => index + 1);
  expect(receiver.handled.map(({ number }) => number)).toEqual(numbers);
  expect(receiver.handled.filter(({ isIntact }) => !isIntact)).toEqual([]);
  expect(sent.map(({ outcome }) => outcome)).toEqual(
    numbers.map((number) => ({ status: 'handled', reply: replyTo(number), replyLost: false })),
  );
  // Nobody was told that a parcel was handled before it was.
  expect(sent.filter(({ atMs }, index) => atMs < (receiver.handled[index]?.atMs ?? 0))).toEqual([]);
}
