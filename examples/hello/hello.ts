/** Hello in twenty lines: a server and a client in one process, and a typed message with a reply. */
import { connect, defineMessage } from '@wilco/client';
import { listen } from '@wilco/server';

const Hello = defineMessage<{ name: string }, { text: string }>('hello');

const server = await listen({ port: 0 });
server.handle(Hello, ({ name }) => ({ text: `Hello, ${name}!` }));

const client = connect({ host: 'localhost', port: server.address.port });
const receipt = client.send(Hello, { name: 'world' });

await receipt.received;
console.log('received: the server holds it');
const { text } = await receipt.handled;
console.log(`handled: its handler is done, and says "${text}"`);

await client.close();
await server.close();
