import { createServer } from 'node:net';

/** Below the ports that systems give to clients, so that none of their sockets can hold one. */
const FIRST = 12_000;
const LAST = 32_000;
let next = FIRST + ((process.pid * 17) % (LAST - FIRST));

/** A port of 127.0.0.1 that nobody listens on; another one each time. */
export async function freePort(): Promise<number> {
  for (let tries = FIRST; tries < LAST; tries += 1) {
    const port = next;
    next = port + 1 === LAST ? FIRST : port + 1;
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
