import { describe, expect, test } from 'vitest';
import { world, pair, text } from './virtual-world.ts';

describe('a process', () => {
  test('that sleeps reads and fires its timers when it wakes up, in their order', async () => {
    const { dialler, acceptor, clock, open, network } = pair();
    await open();
    const host = network.host('b');
    host.sleep(1_000);
    host.clock.schedule(50, () => acceptor.seen.push(`${clock.nowMs()} timer`));
    dialler.connection.write(text('wake up'));
    clock.advanceTo(100);
    expect(acceptor.seen).toEqual([]);
    clock.advanceTo(2_000);
    expect(acceptor.seen).toEqual(['1001 wake up', '1001 timer']);
  });

  test.each([
    ['killed', ['2 still read', '3 ended', '3 closed']],
    ['vanished', []],
  ] as const)('that is %s does nothing more', async (how, heard) => {
    const { dialler, acceptor, clock, open, network } = pair();
    await open();
    const host = network.host('b');
    host.clock.schedule(50, () => expect.unreachable());
    acceptor.connection.write(text('still read'));
    dialler.connection.write(text('read by nobody'));
    host.crash(how);
    acceptor.connection.write(text('from the grave'));
    clock.advanceTo(100);
    expect(dialler.seen).toEqual(['1 opened', ...heard]);
    expect(acceptor.seen).toEqual([]);
    expect(host.process.pending).toBe(0);
  });

  test('that was started anew takes the port of the dead one', async () => {
    const { network, open } = pair();
    await open();
    network.host('b').crash('killed');
    const listening = network
      .host('b')
      .transport()
      .listen({ port: 7411 }, () => {});
    await expect(listening).resolves.toMatchObject({ address: { host: 'b', port: 7411 } });
  });

  test('has a wall clock of its own', () => {
    const { network } = world();
    const [a, b] = [network.host('a'), network.host('b')];
    a.process.jumpWall(60_000);
    expect(a.clock.wallMs() - b.clock.wallMs()).toBe(60_000);
  });

  test('counts the timers that it left armed', () => {
    const { network, clock } = world();
    const host = network.host('a');
    const cancel = host.clock.schedule(10, () => {});
    host.clock.schedule(20, () => {});
    cancel();
    expect(host.process.pending).toBe(1);
    clock.advanceTo(20);
    expect(host.process.pending).toBe(0);
  });
});
