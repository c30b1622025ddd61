/**
 * Two proofs at each connection: the certificate says which machine it is (mutual TLS), and
 * a signed token says for whom it acts. The server believes neither without the other.
 */
import { connect, defineMessage } from '@wilco/client';
import { listen, type AuthenticationRequest } from '@wilco/server';
import { TestAuthority } from '@wilco/testkit';
import { jwtVerify, SignJWT } from 'jose';

const Hello = defineMessage<undefined, string>('hello');

// In production these come from your own authority, and from whoever signs your tokens.
const authority = new TestAuthority();
const ca = authority.certificate;
const secret = crypto.getRandomValues(new Uint8Array(32));
const algorithm = 'HS256';

/** A token for somebody, which one machine may show for a minute. */
function tokenFor(user: string, machine: string): Promise<string> {
  const token = new SignJWT({ machine }).setProtectedHeader({ alg: algorithm });
  return token.setSubject(user).setAudience('orders').setExpirationTime('1m').sign(secret);
}

/** Whom a client acts for; nobody, where a proof does not hold. To throw would say: ask later. */
async function authenticate({ tls, credentials }: AuthenticationRequest) {
  const machine = tls?.certificate?.subject.CN;
  const options = { audience: 'orders', algorithms: [algorithm] };
  const token = await jwtVerify(credentials ?? '', secret, options).catch(() => undefined);
  const identity = token?.payload.sub;
  if (identity === undefined || token?.payload['machine'] !== machine) return undefined;
  return { identity };
}

const server = await listen({
  port: 0,
  tls: {
    ...authority.issue({ name: 'orders', hosts: ['localhost'] }),
    ...{ ca, requestCert: true },
  },
  authenticate,
});
server.handle(Hello, (_, { session }) => `Hello, ${session.identity ?? 'nobody'}!`);

const { port } = server.address;
const laptop = { ca, ...authority.issue({ name: 'laptop' }) };

// The function is asked before each connection, so a token never grows old.
const client = connect({ port, tls: laptop, credentials: () => tokenFor('ada', 'laptop') });
console.log(await client.send(Hello, undefined).handled);

// The token of another machine is worth nothing here, however well it is signed.
const thief = connect({ port, tls: laptop, credentials: () => tokenFor('ada', 'server') });
await thief.opened.catch((error: unknown) => console.log(String(error)));

// Without a certificate nobody is asked for a token.
const stranger = connect({ port, tls: { ca }, credentials: () => tokenFor('ada', 'laptop') });
const { error } = await new Promise<{ error: Error }>((resolve) => {
  stranger.once('connectFailed', resolve);
});
console.log(String(error));

for (const one of [client, thief, stranger, server]) await one.close();
