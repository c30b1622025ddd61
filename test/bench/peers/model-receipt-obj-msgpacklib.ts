import { Decoder, Encoder } from '@msgpack/msgpack';
import { modelPeer } from '../model-receipt.ts';
import type { Order, Peer } from '../peer.ts';

/** The sketch with the MessagePack library that Wilco uses. */
export const peer: Peer = {
  name: 'model-receipt-obj-msgpacklib',
  meaning: 'a sketch without error handling: the handler has settled; @msgpack/msgpack',
  carries: 'objects',
  ...modelPeer(
    () => {
      const encoder = new Encoder();
      const decoder = new Decoder();
      return {
        pack: (envelope) => encoder.encodeSharedRef(envelope),
        unpack: (bytes) => decoder.decode(bytes),
      };
    },
    // Made anew for each message, as an application does.
    (body) => ({ ...(body as Order) }),
    ({ price }: Order) => price === 129.95,
  ),
};
