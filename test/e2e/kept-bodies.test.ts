/** Bodies that an application keeps stay what they were, wherever the bytes were read. */
import { connect, defineMessage, type Client } from '@wilco/client';
import { rawBytes } from '@wilco/codec';
import { listen, type Server } from '@wilco/server';
import { expect, test } from 'vitest';

const Blob = defineMessage<Uint8Array>('blob', { codec: rawBytes });
const SIZES = [10, 3_000, 9_000, 16_384, 40_000, 65_536, 200_000];
const ROUNDS = 12;

test('a body that is kept is not written to again, on either side', async () => {
  await using server = await listen({ host: '127.0.0.1', port: 0 });
  await using client = connect({ host: '127.0.0.1', port: server.address.port });
  const session = new Promise<Parameters<Parameters<typeof server.on<'session'>>[1]>[0]>(
    (resolve) => server.on('session', resolve),
  );
  await client.opened;
  const kept = [keep(server), keep(client)];
  const senders = [client, await session];
  const receipts = senders.flatMap((sender) =>
    bodies().map((body) => sender.send(Blob, body, { whenFull: 'wait' })),
  );
  await Promise.all(receipts.map((receipt) => receipt.handled));
  for (const bodiesOfSide of kept) {
    expect(bodiesOfSide.length).toBe(SIZES.length * ROUNDS);
    for (const [index, body] of bodies().entries()) {
      expect(Buffer.compare(body, bodiesOfSide[index] ?? new Uint8Array(0))).toBe(0);
    }
  }
});

function keep(side: Server | Client): Uint8Array[] {
  const kept: Uint8Array[] = [];
  side.handle(Blob, (body) => void kept.push(body));
  return kept;
}

/** Each is filled with a number of its own. */
function bodies(): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const size of SIZES) all.push(new Uint8Array(size).fill(all.length));
  }
  return all;
}
