import type {
  ChannelNumber,
  ReceivingRecord,
  SendingRecord,
  SessionId,
  SessionRecord,
} from '@wilco/protocol';
import { Progress } from '@wilco/protocol';
import { ENCODINGS, type LevelWrite } from './level-database.ts';
import { MessageLog, type SweptLog } from './message-log.ts';
import { INCOMING, OUTGOING, type IncomingBody, type OutgoingBody } from './message-packs.ts';
import type { RecordWriter } from './record-writer.ts';
import { writeReceiving, writeSending, writeWords, type LogState } from './session-records.ts';
import { channelText, type StoreKeys } from './store-keys.ts';

/** What a store knows of a session without looking into its database. */
export class SessionState {
  readonly name: SessionId;
  readonly number: number;
  readonly key: string;
  readonly outgoing = new Map<ChannelNumber, MessageLog<OutgoingBody>>();
  readonly incoming = new Map<ChannelNumber, MessageLog<IncomingBody>>();
  /** To be written with the next batch; only the last counts. */
  record: SessionRecord | undefined;
  #sending: Map<ChannelNumber, SendingRecord> | undefined;
  #receiving: Map<ChannelNumber, ReceivingRecord> | undefined;

  constructor(name: SessionId, number: number, key: string) {
    this.name = name;
    this.number = number;
    this.key = key;
  }

  putSending(record: SendingRecord): void {
    this.#sending ??= new Map();
    this.#sending.set(record.channel, record);
  }

  putReceiving(record: ReceivingRecord): void {
    this.#receiving ??= new Map();
    this.#receiving.set(record.channel, record);
  }

  outgoingLog(channel: ChannelNumber): MessageLog<OutgoingBody> {
    let log = this.outgoing.get(channel);
    if (log === undefined) {
      log = new MessageLog(this.logKey('o', channel), OUTGOING, nothing());
      this.outgoing.set(channel, log);
    }
    return log;
  }

  incomingLog(channel: ChannelNumber): MessageLog<IncomingBody> {
    let log = this.incoming.get(channel);
    if (log === undefined) {
      log = new MessageLog(this.logKey('i', channel), INCOMING, nothing());
      this.incoming.set(channel, log);
    }
    return log;
  }

  logKey(side: 'o' | 'i', channel: ChannelNumber): string {
    return `${this.key}${side}${channelText(channel)}`;
  }

  /** All its logs of messages. */
  *logs(): Generator<MessageLog<OutgoingBody> | MessageLog<IncomingBody>> {
    yield* this.outgoing.values();
    yield* this.incoming.values();
  }

  /** Writes what has changed; tells of each log that did. */
  write(
    writer: RecordWriter,
    writes: LevelWrite[],
    wrote: (log: MessageLog<OutgoingBody> | MessageLog<IncomingBody>) => void,
  ): void {
    if (this.record !== undefined) {
      writer.begin(this.key);
      writeWords(writer, this.record);
      writes.push({ type: 'put', key: this.key, value: writer.end(), ...ENCODINGS });
      this.record = undefined;
    }
    for (const log of this.logs()) {
      if (!log.isDirty) continue;
      log.write(writer, writes);
      wrote(log);
    }
    for (const record of this.#sending?.values() ?? []) {
      const key = `${this.key}n${channelText(record.channel)}`;
      writer.begin(key);
      writeSending(writer, record);
      writes.push({ type: 'put', key, value: writer.end(), ...ENCODINGS });
    }
    for (const record of this.#receiving?.values() ?? []) {
      const key = `${this.key}r${channelText(record.channel)}`;
      writer.begin(key);
      writeReceiving(writer, record);
      writes.push({ type: 'put', key, value: writer.end(), ...ENCODINGS });
    }
    this.#sending = this.#receiving = undefined;
  }
}

/** The sessions of a store, and which numbers they have on disk. */
export class StoreState {
  readonly keys: StoreKeys;
  readonly sessions = new Map<SessionId, SessionState>();
  /** Numbers of sessions that were dropped, and whose records are still to be cleared away. */
  readonly dropped = new Set<number>();
  /** Logs that may have something to clear away. */
  readonly toSweep = new Set<SweptLog>();
  /** Whether that is enough to do it at once. */
  isSweepDue = false;
  /** The number of the next session; never used again. */
  nextNumber = 1;

  constructor(keys: StoreKeys) {
    this.keys = keys;
  }

  /** A session by its name; made where there is none. */
  session(name: SessionId): SessionState {
    let session = this.sessions.get(name);
    if (session === undefined) {
      const number = this.nextNumber++;
      session = new SessionState(name, number, this.keys.session(number));
      this.sessions.set(name, session);
    }
    return session;
  }
}

function nothing(): LogState {
  return { next: 1, dropped: new Progress() };
}
