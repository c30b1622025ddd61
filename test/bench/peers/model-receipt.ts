import { Packr } from 'msgpackr';
import { modelPeer } from '../model-receipt.ts';
import type { Peer } from '../peer.ts';

/** The sketch with the fastest MessagePack that there is in JavaScript. */
export const peer: Peer = {
  name: 'model-receipt',
  meaning: 'a sketch without error handling: the handler has settled; msgpackr, bytes in an object',
  carries: 'bytes',
  ...modelPeer(
    () => {
      const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
      return {
        pack: (envelope) => packr.pack(envelope),
        unpack: (bytes) => packr.unpack(bytes) as unknown,
      };
    },
    (data) => ({ data }),
    ({ data }: { readonly data: Uint8Array }) => data.length > 0,
  ),
};
