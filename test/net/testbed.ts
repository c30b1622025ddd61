import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where the server listens, as the client sees it. */
export const SERVER_HOST = '10.2.0.2';

/** Direction of packets. */
export type Direction = 'both' | 'toServer' | 'toClient';

/** How the firewall of the router names the packets of a direction: by where they come in. */
const PACKETS: Readonly<Record<Direction, string>> = {
  both: '',
  toServer: 'iifname client',
  toClient: 'iifname server',
};

/** No command takes so long. Milliseconds. */
const COMMAND_MS = 20_000;
/** The kernel's own: how long it remembers a connection on which nothing passes. Seconds. */
const REMEMBER_S = 432_000;

let opened = 0;

/**
 * Two machines and a router between them, in three network namespaces of their own. All
 * faults happen in the router, as they do in the field: neither machine is told of them.
 *
 *     client 10.1.0.2 ── 10.1.0.1 router 10.2.0.1 ── 10.2.0.2 server
 */
export class Testbed {
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  /** Builds the network. */
  static async open(): Promise<Testbed> {
    opened += 1;
    const testbed = new Testbed(`wilco-${String(process.pid)}-${String(opened)}`);
    try {
      await testbed.#build();
      return testbed;
    } catch (error) {
      await testbed.close();
      throw error;
    }
  }

  /** Removes what a process left behind that did not live to do it. */
  static async sweep(): Promise<void> {
    const { stdout } = await run('ip', ['netns', 'list']);
    for (const line of stdout.split('\n')) {
      const [, name, pid] = /^(wilco-(\d+)-\S+)/.exec(line) ?? [];
      if (name === undefined || existsSync(`/proc/${pid ?? ''}`)) continue;
      // Another sweep may be faster.
      await run('ip', ['netns', 'delete', name]).catch(() => {});
    }
  }

  /** Takes the network away. */
  async close(): Promise<void> {
    for (const machine of ['client', 'router', 'server']) {
      await run('ip', ['netns', 'delete', this.#in(machine)]).catch(() => {});
    }
  }

  /** The command that runs a program on a machine. */
  command(machine: 'client' | 'server', ...command: string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.#in(machine), ...command]];
  }

  /** Packets vanish without a word. */
  blackHole(direction: Direction): Promise<void> {
    return this.#fault(`${PACKETS[direction]} drop`);
  }

  /** A part of all packets is lost. Percent. */
  lose(percent: number): Promise<void> {
    return this.#fault(`numgen random mod 100 < ${String(percent)} drop`);
  }

  /** Large packets vanish, small ones pass. Bytes of the IP packet. */
  dropAbove(bytes: number): Promise<void> {
    return this.#fault(`meta length > ${String(bytes)} drop`);
  }

  /** Every packet is answered with a TCP reset, towards its sender. */
  reset(): Promise<void> {
    return this.#fault('meta l4proto tcp reject with tcp reset');
  }

  /** Packets pass again. */
  heal(): Promise<void> {
    return this.#rules('flush chain inet wilco faults');
  }

  /** The link to either machine is no faster than this. Megabits in a second. */
  async slowDown(megabits: number): Promise<void> {
    const rate = ['rate', `${String(megabits)}mbit`, 'burst', '128kb', 'latency', '100ms'];
    for (const link of ['client', 'server']) {
      await this.#run('router', 'tc', 'qdisc', 'add', 'dev', link, 'root', 'tbf', ...rate);
    }
  }

  /** The client's machine has another address from now on, and the old one no more. */
  async moveClient(): Promise<void> {
    await this.#run('client', 'ip', 'address', 'delete', '10.1.0.2/24', 'dev', 'eth0');
    await this.#run('client', 'ip', 'address', 'add', '10.1.0.3/24', 'dev', 'eth0');
    await this.#run('client', 'ip', 'route', 'replace', 'default', 'via', '10.1.0.1');
  }

  /** From now on the router passes only what belongs to a connection whose beginning it saw. */
  async remember(): Promise<void> {
    await this.#setting('nf_conntrack_tcp_loose', 0);
    await this.#fault('ct state invalid drop');
  }

  /** From now on the client appears to the server under this address. */
  async translate(address: string): Promise<void> {
    await this.#run('router', 'ip', 'address', 'replace', `${address}/24`, 'dev', 'server');
    await this.#rules(
      'add chain inet wilco own { type filter hook input priority 0; }',
      // A packet that fits no connection is not answered by the router itself.
      'flush chain inet wilco own',
      'add rule inet wilco own meta l4proto tcp drop',
      'add chain inet wilco names { type nat hook postrouting priority 100; }',
      'flush chain inet wilco names',
      `add rule inet wilco names oifname server snat ip to ${address}`,
    );
  }

  /** The router forgets the connections that it remembers, as one does that was idle too long. */
  async forget(): Promise<void> {
    await this.#setting('nf_conntrack_tcp_timeout_established', 0);
    // A connection is forgotten with the first packet that comes after its time.
    while ((await this.#remembered()) > 0) await delay(5);
    await this.#setting('nf_conntrack_tcp_timeout_established', REMEMBER_S);
  }

  async #remembered(): Promise<number> {
    const path = '/proc/sys/net/netfilter/nf_conntrack_count';
    return Number(await this.#run('router', 'cat', path));
  }

  #in(machine: string): string {
    return `${this.#name}-${machine}`;
  }

  async #build(): Promise<void> {
    for (const machine of ['client', 'router', 'server']) {
      await run('ip', ['netns', 'add', this.#in(machine)]);
      await run('ip', ['-n', this.#in(machine), 'link', 'set', 'lo', 'up']);
    }
    await this.#connect('client', 1);
    await this.#connect('server', 2);
    await this.#run('router', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    await this.#rules(
      'add table inet wilco',
      'add chain inet wilco faults { type filter hook forward priority 0; }',
    );
  }

  /** A cable between a machine and the router. */
  async #connect(machine: string, net: number): Promise<void> {
    const [here, router] = [this.#in(machine), this.#in('router')];
    const cable = ['add', 'eth0', 'netns', here, 'type', 'veth', 'peer', 'name', machine];
    await run('ip', ['link', ...cable, 'netns', router]);
    const subnet = `10.${String(net)}.0`;
    for (const [place, link, host] of [
      [here, 'eth0', 2],
      [router, machine, 1],
    ] as const) {
      const address = `${subnet}.${String(host)}/24`;
      await run('ip', ['-n', place, 'address', 'add', address, 'dev', link]);
      await run('ip', ['-n', place, 'link', 'set', link, 'up']);
    }
    await run('ip', ['-n', here, 'route', 'add', 'default', 'via', `${subnet}.1`]);
  }

  #fault(rule: string): Promise<void> {
    return this.#rules(`add rule inet wilco faults ${rule}`);
  }

  /** All of them at once, or none. */
  async #rules(...rules: string[]): Promise<void> {
    await this.#run('router', 'nft', rules.join('; '));
  }

  async #setting(name: string, value: number): Promise<void> {
    const path = `/proc/sys/net/netfilter/${name}`;
    await this.#run('router', 'sh', '-c', `echo ${String(value)} > ${path}`);
  }

  async #run(machine: string, ...command: string[]): Promise<string> {
    const args = ['netns', 'exec', this.#in(machine), ...command];
    return (await run('ip', args, { timeout: COMMAND_MS })).stdout;
  }
}
