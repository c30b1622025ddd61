import { connect, createServer, type Socket } from 'node:net';

/** Serves plain TCP connections on 127.0.0.1. */
export function serve(port: number, accept: (socket: Socket) => void): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    accept(socket);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', 4_096, resolve));
}

/** Opens a plain TCP connection to 127.0.0.1. */
export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.on('error', reject);
  });
}
