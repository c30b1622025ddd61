import type { Frame } from '@wilco/protocol';
import { writeAck } from './ack-frame.ts';
import { writeAnswer } from './answer-frame.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  writeCancel,
  writeClose,
  writeCloseAck,
  writeCredentials,
  writeNotice,
  writePing,
  writeProbe,
  writeProbeAck,
  writeStatus,
  writeStatusAck,
  writeTypes,
  writeVoid,
} from './control-frames.ts';
import { writeFragment, writeMessage } from './message-frame.ts';
import { writeHello, writeReady, writeRefuse, writeWelcome } from './opening-frames.ts';
import { isOpeningHead, KINDS, PREAMBLE } from './wire.ts';

const NOTHING = new Uint8Array(0);
/** What most frames that carry no payload stay below. */
const SMALL_BYTES = 64;

/** How a {@link FrameEncoder} writes. */
export interface FrameEncoderOptions {
  /**
   * Whether frames carry a checksum. HELLO, WELCOME, REFUSE and READY do in any case.
   *
   * @defaultValue `true`
   */
  readonly hasChecksum?: boolean;
}

/**
 * Turns frames into bytes, many frames into one buffer.
 *
 * Append what a flush wants to say, then {@link take} the bytes and write them. Frames of
 * every kind are checked on the way; a value that the wire can not say is a bug of the
 * caller and throws `TypeError`, after which the encoder goes on as if that frame had not
 * been appended.
 */
export class FrameEncoder {
  /** Whether the frames appended from now on carry a checksum. */
  hasChecksum: boolean;
  readonly #writer = new ByteWriter();
  #framesWritten = 0;

  constructor(options: FrameEncoderOptions = {}) {
    this.hasChecksum = options.hasChecksum ?? true;
  }

  /** How many frames were appended, those of the opening included. */
  get framesWritten(): number {
    return this.#framesWritten;
  }

  /** Bytes that were appended and not taken. */
  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  /** Appends the eight bytes that go before the first frame. */
  appendPreamble(): void {
    this.#writer.appendRaw(PREAMBLE);
  }

  /**
   * Appends a frame. A payload of 8 KiB or more is not copied: it must not be changed from
   * then on. A code or reason that is too long is cut; ranges of an ACK that do not fit a
   * frame are left out.
   *
   * @throws `TypeError` for a value that is outside its range.
   */
  append(frame: Frame): void {
    this.#write(frame);
    this.#framesWritten += 1;
  }

  /**
   * What was appended, as buffers to write in this order; empty when there is nothing. They
   * belong to the caller: their bytes are never written to again.
   */
  take(): Uint8Array[] {
    return this.#writer.take();
  }

  #write(frame: Frame): void {
    switch (frame.kind) {
      case 'message':
        writeMessage(this.#writer, frame, this.hasChecksum);
        break;
      case 'answer':
        writeAnswer(this.#writer, frame, this.hasChecksum);
        break;
      case 'ack':
        writeAck(this.#writer, frame, this.hasChecksum);
        break;
      case 'fragment':
        writeFragment(this.#writer, frame, this.hasChecksum);
        break;
      default:
        writeSmall(this.#writer, frame, this.hasChecksum);
    }
  }
}

type SmallFrame = Exclude<Frame, { kind: 'message' | 'answer' | 'ack' | 'fragment' }>;

type BodyWriters = {
  readonly [Kind in SmallFrame['kind']]: (
    writer: ByteWriter,
    frame: Extract<SmallFrame, { kind: Kind }>,
  ) => void;
};

const BODY_WRITERS: BodyWriters = {
  hello: writeHello,
  welcome: writeWelcome,
  refuse: writeRefuse,
  ready: writeReady,
  types: writeTypes,
  credentials: writeCredentials,
  void: writeVoid,
  cancel: writeCancel,
  probe: writeProbe,
  probeAck: writeProbeAck,
  ping: writePing,
  status: writeStatus,
  statusAck: writeStatusAck,
  close: writeClose,
  closeAck: writeCloseAck,
  notice: writeNotice,
};

function writeSmall(writer: ByteWriter, frame: SmallFrame, hasChecksum: boolean): void {
  const kind = KINDS[frame.kind];
  // The table above gives each kind the writer of its own type of frame.
  const writeBody = BODY_WRITERS[frame.kind] as (writer: ByteWriter, frame: SmallFrame) => void;
  writer.begin(kind, SMALL_BYTES);
  writeBody(writer, frame);
  writer.finish(NOTHING, hasChecksum || isOpeningHead(kind));
}
