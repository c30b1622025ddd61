import { describe, expect, test } from 'vitest';
import { defineMessage, type ConnectFailure } from '@wilco/client';
import { memoryStore } from '@wilco/store';
import { at, VirtualService } from './virtual-service.ts';

const Order = defineMessage<number, string>('order');

describe('several addresses', () => {
  test('are tried in turn, and the wait comes before each round of all', async () => {
    const service = new VirtualService();
    const failures: ConnectFailure[] = [];
    const client = service.connect({
      addresses: [at('a'), at('b'), at('c')],
      random: { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 },
    });
    client.on('connectFailed', (failure) => failures.push(failure));
    await service.until(() => failures.length >= 12);
    expect(failures.slice(0, 4).map(({ address }) => address.host)).toEqual(['a', 'b', 'c', 'a']);
    expect(failures.map(({ retryInMs }) => retryInMs)).toEqual([
      ...[0, 0, 0],
      ...[0, 0, 125],
      ...[0, 0, 250],
      ...[0, 0, 500],
    ]);
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(failures[0]?.error).toMatchObject({ code: 'WILCO_CONNECT_FAILED' });
    expect(failures[0]?.error.cause).toBeInstanceOf(Error);
    await service.stop();
  });

  test('begin with the last good one after a loss', async () => {
    const service = new VirtualService();
    await service.listen('b');
    const client = service.connect({ addresses: [at('a'), at('b'), at('c')] });
    await service.settled(client);
    service.cut();
    await service.until(() => service.events.includes('client resumed'));
    expect(service.events).toEqual([
      'client failed WILCO_CONNECT_FAILED',
      'client online',
      'client offline WILCO_CONNECTION_LOST',
      'client resumed',
    ]);
    await service.stop();
  });
});

describe('a session that the server at hand does not know', () => {
  test('is found at the address to which its server has moved', async () => {
    const service = new VirtualService();
    const a = await service.listen('a');
    const b = await service.listen('b');
    a.handle(Order, () => 'done by a');
    b.handle(Order, () => 'done by b');
    const client = service.connect({ addresses: [at('a'), at('b')] });
    await service.settled(client);
    const { id } = client;
    service.network.redirect('a', 'b');
    service.network.redirect('b', 'a');
    service.cut();
    await service.until(() => service.events.includes('client resumed'));
    expect(service.events.slice(1)).toEqual([
      'client offline WILCO_CONNECTION_LOST',
      'client failed WILCO_WRONG_SERVER',
      'client resumed',
    ]);
    expect(client.id).toBe(id);
    const receipt = client.send(Order, 1);
    await service.until(() => receipt.outcome !== undefined);
    expect(receipt.outcome).toMatchObject({ status: 'handled', reply: 'done by a' });
    expect(b.sessions).toEqual([]);
    await service.stop();
  });

  test('is lost when the patience is over, and its messages go on at another server', async () => {
    const service = new VirtualService();
    const a = await service.listen('a');
    const b = await service.listen('b');
    for (const server of [a, b]) server.handle(Order, () => `done by ${server.address.host}`);
    const client = service.connect({ addresses: [at('a'), at('b')] });
    const first = client.send(Order, 1);
    await service.until(() => first.outcome !== undefined);
    service.network.redirect('a', 'nobody');
    service.cut();
    const sinceMs = service.clock.nowMs();
    const receipt = client.send(Order, 1);
    await service.run(29_900);
    expect(receipt.outcome).toBeUndefined();
    expect(service.events.filter((event) => event.includes('lost'))).toEqual([]);
    await service.until(() => receipt.outcome !== undefined);
    expect(service.clock.nowMs() - sinceMs).toBeLessThan(30_500);
    expect(receipt.outcome).toMatchObject({ status: 'handled', reply: 'done by b' });
    expect(service.events).toContain('client lost unknown');
    await service.stop();
  });

  test('is found behind one address that leads to several servers, with patience for that', async () => {
    const service = new VirtualService();
    for (const host of ['a', 'b', 'c']) await service.listen(host);
    const route = ['a', 'b', 'c', 'b', 'c', 'b', 'a'];
    const choose = (): void => service.network.redirect('balancer', route.shift() ?? 'a');
    choose();
    const client = service.connect({ ...at('balancer'), wrongServerPatienceMs: 20_000 });
    client.on('offline', choose);
    client.on('connectFailed', choose);
    await service.settled(client);
    const { id } = client;
    service.cut();
    await service.until(() => service.events.includes('client resumed'));
    const wrong = service.events.filter((event) => event.includes('WILCO_WRONG_SERVER'));
    expect(wrong).toHaveLength(5);
    expect(client.id).toBe(id);
    await service.stop();
  });

  test('is looked for no longer than a WELCOME, which ends the patience', async () => {
    const service = new VirtualService();
    await service.listen('a');
    await service.listen('b');
    const client = service.connect({
      addresses: [at('a'), at('b')],
      wrongServerPatienceMs: 1_000,
    });
    await service.settled(client);
    const { id } = client;
    for (let round = 0; round < 5; round++) {
      service.network.redirect('a', round % 2 === 0 ? 'b' : 'a');
      service.network.redirect('b', round % 2 === 0 ? 'a' : 'b');
      service.cut();
      await service.until(() => client.isOnline);
      await service.run(900);
    }
    expect(client.id).toBe(id);
    await service.stop();
  });
});

describe('a server that goes away', () => {
  test.each([0, 60_000])(
    'is left for the other addresses at once, whatever its delay: %d ms',
    async (retrySpreadMs) => {
      const service = new VirtualService();
      const a = await service.listen('a', { retrySpreadMs });
      const b = await service.listen('b');
      const client = service.connect({ addresses: [at('a'), at('b')], wrongServerPatienceMs: 0 });
      await service.settled(client);
      const closed = a.close({ drainMs: 0 });
      await service.until(() => b.sessions.length === 1);
      await closed;
      expect(service.clock.nowMs()).toBeLessThan(1_000);
      expect(service.events[1]).toBe('client offline WILCO_GOING_AWAY');
      expect(service.events).not.toContain('client failed WILCO_CONNECT_FAILED');
      await service.stop();
    },
  );

  test('and keeps nothing is not looked for: messages go on elsewhere, marked only if it had started on them', async () => {
    const service = new VirtualService();
    const a = await service.listen('a');
    const b = await service.listen('b');
    const seen: string[] = [];
    a.handle(Order, (order) => (order === 0 ? 'done' : new Promise<string>(() => {})));
    b.handle(Order, (order, { isResent }) => {
      seen.push(`${order} ${isResent ? 'again' : 'anew'}`);
      return 'done by b';
    });
    const client = service.connect({ addresses: [at('a'), at('b')] });
    const receipts = [0, 1, 2].map((order) => client.send(Order, order));
    await service.until(() => receipts[0]?.outcome !== undefined);
    const sinceMs = service.clock.nowMs();
    void a.close({ drainMs: 0 });
    await service.until(() => receipts.every(({ outcome }) => outcome !== undefined));
    expect(service.clock.nowMs() - sinceMs).toBeLessThan(1_000);
    expect(seen).toEqual(['1 again', '2 anew']);
    expect(receipts.map(({ outcome }) => outcome)).toMatchObject([
      { status: 'handled', reply: 'done' },
      { status: 'handled', reply: 'done by b' },
      { status: 'handled', reply: 'done by b' },
    ]);
    expect(service.events).toContain('client lost ended');
    await service.stop();
  });

  test('sends its clients to one of their own addresses, ahead of the others', async () => {
    const service = new VirtualService();
    const a = await service.listen('a');
    const b = await service.listen('b');
    const c = await service.listen('c');
    const client = service.connect({
      addresses: [at('a'), at('b'), at('c')],
      wrongServerPatienceMs: 0,
    });
    await service.until(() => client.isOnline);
    void a.close({ drainMs: 0, elsewhere: [at('C')] });
    await service.until(() => b.sessions.length + c.sessions.length === 1);
    expect(c.sessions).toHaveLength(1);
    await service.stop();
  });

  test('can not send them to a stranger, unless they were allowed to follow', async () => {
    const visited = async (followElsewhere?: boolean | ((host: string) => boolean)) => {
      const service = new VirtualService();
      const a = await service.listen('a', { retrySpreadMs: 100 });
      const stranger = await service.listen('stranger');
      const follow =
        typeof followElsewhere === 'function'
          ? { followElsewhere: ({ host }: { host: string }) => followElsewhere(host) }
          : followElsewhere !== undefined && { followElsewhere };
      const client = service.connect({ ...at('a'), ...follow });
      await service.until(() => client.isOnline);
      void a.close({ drainMs: 0, elsewhere: [at('stranger')] });
      await service.run(20_000);
      const { length } = stranger.sessions;
      await service.stop();
      return length;
    };
    expect(await visited()).toBe(0);
    expect(await visited(false)).toBe(0);
    expect(await visited((host) => host !== 'stranger')).toBe(0);
    expect(await visited((host) => host === 'stranger')).toBe(1);
    expect(await visited(true)).toBe(1);
  });

  test('and keeps its sessions is waited for, with patience, before they count as lost', async () => {
    const service = new VirtualService();
    const store = memoryStore({ keep: true });
    const a = await service.listen('a', { store, retrySpreadMs: 0 });
    await service.listen('b');
    const client = service.connect({ addresses: [at('a'), at('b')] });
    await service.settled(client);
    const { id } = client;
    let isClosed = false;
    void a.close({ drainMs: 0 }).then(() => (isClosed = true));
    await service.until(() => isClosed);
    await service.run(5_000);
    await service.listen('a', { store });
    await service.until(() => client.isOnline);
    expect(client.id).toBe(id);
    expect(service.events).toContain('client failed WILCO_WRONG_SERVER');
    await service.stop();
  });
});
