import { connect, type Client, type ClientOptions } from '@wilco/client';
import { listen, type Server, type ServerOptions } from '@wilco/server';
import { SeededRandom, VirtualClock, VirtualNetwork } from '@wilco/testkit';

/** The port of every server of a {@link VirtualService}. */
export const PORT = 7411;

/** Where the server of a host listens. */
export function at(host: string): { readonly host: string; readonly port: number } {
  return { host, port: PORT };
}

/** Several servers and clients on a virtual network without faults, and what they told. */
export class VirtualService {
  readonly clock = new VirtualClock();
  readonly network = new VirtualNetwork({ clock: this.clock, random: new SeededRandom(1) });
  /** What the clients told, in order: the host, the event, and its code. */
  readonly events: string[] = [];
  readonly clients: Client[] = [];
  readonly servers: Server[] = [];

  async listen(host: string, options: Partial<ServerOptions> = {}): Promise<Server> {
    const server = await listen({
      ...at(host),
      transport: this.network.host(host).transport(),
      clock: this.network.host(host).clock,
      random: new SeededRandom(`server ${host}`),
      ...options,
    });
    this.servers.push(server);
    return server;
  }

  connect(options: Partial<ClientOptions>, host = 'client'): Client {
    const client = connect({
      transport: this.network.host(host).transport(),
      clock: this.network.host(host).clock,
      random: new SeededRandom(`client ${host}`),
      ...options,
    });
    this.clients.push(client);
    this.#listen(client, host);
    return client;
  }

  /** Lets so much time pass, in milliseconds, or less where something has come true. */
  async run(forMs: number, isDone?: () => boolean): Promise<void> {
    await this.clock.run(this.clock.nowMs() + forMs, isDone);
  }

  /** Lets time pass until something is true; fails where it does not come true in two minutes. */
  async until(isTrue: () => boolean): Promise<void> {
    if (await this.clock.run(this.clock.nowMs() + 120_000, isTrue)) return;
    throw new Error(`it did not come true: ${this.events.slice(-20).join(', ')}`);
  }

  /** Waits until a client is online, and its server knows it. */
  async settled(client: Client): Promise<void> {
    await this.until(() => client.isOnline);
    await this.run(50);
  }

  /** Ends the newest connection, without a word. */
  cut(): void {
    this.network.links.at(-1)?.reset();
  }

  /** Closes everything; throws where a timer is left. */
  async stop(): Promise<void> {
    const ends = [...this.clients, ...this.servers].map((end) => end.close({ drainMs: 0 }));
    let isOver = false;
    void Promise.all(ends).then(() => (isOver = true));
    await this.until(() => isOver);
    await this.run(60_000);
    if (this.clock.pending > 0) throw new Error(`${this.clock.pending} timers are left`);
  }

  #listen(client: Client, host: string): void {
    const tell = (what: string): void => void this.events.push(`${host} ${what}`);
    client.on('online', ({ isResumed }) => tell(isResumed ? 'resumed' : 'online'));
    client.on('offline', ({ error }) => tell(`offline ${error.code}`));
    client.on('connectFailed', ({ error }) => tell(`failed ${error.code}`));
    client.on('stateLost', ({ reason }) => tell(`lost ${reason}`));
    client.on('closed', ({ error }) => tell(`closed ${error?.code ?? ''}`.trim()));
  }
}
