/** Frames go without a checksum only where both sides say that TLS reaches from end to end. */
import { expect } from 'vitest';
import { connect } from '@wilco/client';
import { listen } from '@wilco/server';
import { Blob, Count } from './messages.ts';
import { Relay } from './relay.ts';
import { ca, ownCertificate, test, type SecureEndpoints } from './secure-endpoints.ts';

type Integrity = 'checksum' | 'endToEnd';

const MESSAGES = 50;

/** How many bytes a conversation takes that is the same each time, as the client counts them. */
async function bytesOut(
  there: SecureEndpoints,
  ofClient: Integrity,
  ofServer: Integrity,
): Promise<number> {
  const server = await there.secureServer({}, { integrity: ofServer });
  const client = there.secureClient(server.address.port, { ca }, { integrity: ofClient });
  await client.opened;
  const before = client.stats()?.bytesOut ?? 0;
  for (let n = 0; n < MESSAGES; n += 1) await client.send(Count, 7).handled;
  const { bytesOut: after = 0 } = client.stats() ?? {};
  await client.close();
  return after - before;
}

test('the checksum goes where both sides declare integrity, and stays where one does', async ({
  there,
}) => {
  const plain = await bytesOut(there, 'checksum', 'checksum');
  const near = await bytesOut(there, 'endToEnd', 'checksum');
  const far = await bytesOut(there, 'checksum', 'endToEnd');
  const both = await bytesOut(there, 'endToEnd', 'endToEnd');
  // Four bytes for each message at least, and more for the acknowledgements, whose number varies.
  expect(Math.min(plain, near, far) - both).toBeGreaterThanOrEqual(MESSAGES * 4);
  expect(Math.max(plain, near, far) - Math.min(plain, near, far)).toBeLessThan(MESSAGES * 4);
});

test('a session without checksums resumes, and large messages come through whole', async ({
  there,
}) => {
  const server = await there.secureServer({}, { integrity: 'endToEnd' });
  const cutAt = { direction: 'up', bytes: 100_000, how: 'reset' } as const;
  const relay = await Relay.start(server.address.port, { cutAt, cuts: 3 });
  const client = there.secureClient(relay.port, { ca }, { integrity: 'endToEnd' });
  expect(await client.send(Count, 1).handled).toBe(1);
  expect(await client.send(Blob, new Uint8Array(1_000_000)).handled).toBe(1_000_000);
  expect(relay.accepted).toBe(4);
  await client.close();
  await relay.close();
});

test('integrity is not declared of what is in plain text', async () => {
  expect(() => connect({ port: 1, integrity: 'endToEnd' })).toThrow('WILCO_OPTION_INVALID');
  await expect(listen({ port: 0, integrity: 'endToEnd' })).rejects.toThrow('WILCO_OPTION_INVALID');
  const odd = { port: 0, tls: ownCertificate, integrity: 'perhaps' as never };
  await expect(listen(odd)).rejects.toThrow('WILCO_OPTION_INVALID');
});
