import { fdatasync, openSync, write } from 'node:fs';
import { asBuffer, type Peer } from '../peer.ts';
import { Batch, countReplies, FrameCounter, replyOf } from '../raw-frames.ts';
import { dial, serve } from '../sockets.ts';

/** As `raw`, but what was read is appended to a file and synced before it is acknowledged. */
export const peer: Peer = {
  name: 'raw-fsync',
  meaning: 'as raw, once appended to a file and synced: one sync for all that waits, at one side',
  kind: 'bound',
  acknowledgedBy: 'application',
  carries: 'bytes',
  stores: 'only',

  async startReceiver({ port, folder }) {
    let handled = 0;
    const log = new SyncedLog(`${folder}/log`);
    await serve(port, (socket) => {
      let count = 0;
      const reader = new FrameCounter();
      socket.on('data', (bytes) => {
        const frames = reader.read(bytes);
        count += frames;
        handled += frames;
        const upTo = count;
        log.append(bytes, () => socket.write(replyOf(upTo)));
      });
    });
    return { handled: () => handled };
  },

  async startSender({ port, body }, acknowledged) {
    const socket = await dial(port);
    countReplies(socket, acknowledged);
    const batch = new Batch(socket);
    const bytes = asBuffer(body);
    return { send: () => batch.append(bytes) };
  },
};

/** Appends to a file; what comes while it syncs waits for the next sync, together. */
class SyncedLog {
  readonly #file: number;
  #waiting: Buffer[] = [];
  #synced: () => void = () => {};
  #isSyncing = false;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  /** Only the last `synced` of what waits together is called. */
  append(bytes: Buffer, synced: () => void): void {
    this.#waiting.push(bytes);
    this.#synced = synced;
    if (!this.#isSyncing) this.#sync();
  }

  #sync(): void {
    const bytes = Buffer.concat(this.#waiting);
    const synced = this.#synced;
    this.#waiting = [];
    this.#isSyncing = true;
    write(this.#file, bytes, 0, bytes.length, undefined, (failed) => {
      if (failed) throw failed;
      fdatasync(this.#file, (syncFailed) => {
        if (syncFailed) throw syncFailed;
        this.#isSyncing = false;
        synced();
        if (this.#waiting.length > 0) this.#sync();
      });
    });
  }
}
