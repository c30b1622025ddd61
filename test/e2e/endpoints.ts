/** Servers and clients of one test, closed when it ends. */
import { test as base, vi } from 'vitest';
import { connect, type Client, type ClientOptions } from '@wilco/client';
import { listen, type Server, type ServerOptions } from '@wilco/server';

// A child process takes many seconds to start where the machine is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What is to be closed after a test. */
export interface Closable {
  close(options: { drainMs: number }): Promise<void>;
}

/** Everything that one test opened. */
export class Endpoints {
  readonly #open: Closable[] = [];

  async server(options: Partial<ServerOptions> = {}): Promise<Server> {
    const server = await listen({ host: '127.0.0.1', port: 0, ...options });
    return this.add(server);
  }

  /** Comes back quickly, so that a test does not wait for its backoff. */
  client(port: number, options: Partial<ClientOptions> = {}): Client {
    const reconnect = { minMs: 5, maxMs: 50 };
    return this.add(connect({ host: '127.0.0.1', port, reconnect, ...options }));
  }

  add<One extends Closable>(one: One): One {
    this.#open.push(one);
    return one;
  }

  async close(): Promise<void> {
    for (const one of this.#open.splice(0).reverse()) await one.close({ drainMs: 0 });
  }
}

/** A test with endpoints of its own, so that tests which only wait can run side by side. */
export const test = base.extend<{ here: Endpoints }>({
  here: async ({}, use) => {
    const here = new Endpoints();
    await use(here);
    await here.close();
  },
});

/** A promise, and how it is kept. */
export function gate<Value = void>(): {
  readonly opened: Promise<Value>;
  readonly open: (value: Value) => void;
} {
  let open: (value: Value) => void = () => {};
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** 1 to `count`. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Resolves when it is so; for what no event tells. A test that waits in vain ends by its own limit. */
export async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
