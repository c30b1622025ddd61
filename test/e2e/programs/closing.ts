/** A client and a server in one process, which closes both, or only one of them. */
import { connect } from '@wilco/client';
import { listen } from '@wilco/server';
import { Count } from '../messages.ts';
import { task, tell } from './telling.ts';

const { isServerClosed, isClientClosed } = task() as Record<string, boolean>;
const server = await listen({ host: '127.0.0.1', port: 0 });
server.handle(Count, (value) => value);
const client = connect({ host: '127.0.0.1', port: server.address.port });
await client.send(Count, 1).handled;
if (isClientClosed) await client.close();
if (isServerClosed) await server.close();
tell('closed');
