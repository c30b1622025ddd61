import {
  ANSWER_CHANNEL,
  Progress,
  type IncomingRecord,
  type OutgoingRecord,
  type ReceivingRecord,
  type SendingRecord,
  type SessionContents,
  type SessionRecord,
} from '@wilco/protocol';
import type { OutgoingHead, StoreDamage } from '../store.ts';
import type { LevelDatabase } from './level-database.ts';
import { readMessages, readValues } from './log-reader.ts';
import { MessageLog } from './message-log.ts';
import { INCOMING, OUTGOING } from './message-packs.ts';
import { logName, LogScan, type SessionScan } from './opening-scan.ts';
import { readLogState, readReceiving, readSending, readWords } from './session-records.ts';
import { SessionState } from './store-state.ts';
import { channelText } from './store-keys.ts';

/** What was read of a session. */
export interface ReadSession {
  readonly state: SessionState;
  readonly contents: SessionContents;
  /** What is wrong with it. */
  readonly findings: readonly string[];
  /** What was found at an earlier opening, and nobody has dealt with. */
  readonly known: Pick<StoreDamage, 'code' | 'detail'> | undefined;
}

/**
 * Reads a session whose keys were seen: its records, the beginning of its outbox, its inbox.
 * What can not be believed becomes a finding. `undefined` where not even its name can be read.
 */
export async function readSession(
  database: LevelDatabase,
  key: string,
  scan: SessionScan,
  head: Required<OutgoingHead>,
): Promise<ReadSession | undefined> {
  const keys = [
    key,
    ...scan.sending.map((channel) => `${key}n${channelText(channel)}`),
    ...scan.receiving.map((channel) => `${key}r${channelText(channel)}`),
    ...scan.states.map(({ side, channel }) => `${key}${side}${channelText(channel)}`),
  ];
  const values = await readValues(database, [...keys, `${key}!`]);
  const record = attempt([], () => readWords(key, values[0]) as SessionRecord);
  if (record === undefined) return undefined;
  const state = new SessionState(record.session, scan.number, key);
  const reading = new SessionReading(state, scan, values);
  if (scan.hasDamage) reading.takeKnownDamage(values.at(-1));
  const [sending, receiving] = [reading.sending(), reading.receiving()];
  reading.logs();
  const outgoing = await reading.outgoing(database, head);
  const incoming = await reading.incoming(database);
  const contents = { session: record, sending, receiving, outgoing, incoming };
  return { state, contents, findings: reading.findings, known: reading.known };
}

class SessionReading {
  readonly findings: string[] = [];
  known: ReadSession['known'];
  readonly #state: SessionState;
  readonly #scan: SessionScan;
  /** Of the session, its sending, its receiving channels, its logs, its damage. */
  readonly #values: readonly unknown[];

  constructor(state: SessionState, scan: SessionScan, values: readonly unknown[]) {
    this.#state = state;
    this.#scan = scan;
    this.#values = values;
  }

  takeKnownDamage(value: unknown): void {
    const known = attempt(this.findings, () => readWords(`${this.#state.key}!`, value));
    this.known = known as ReadSession['known'];
  }

  sending(): SendingRecord[] {
    const { name: session, key } = this.#state;
    return this.#scan.sending.flatMap((channel, index) => {
      const value = this.#values[1 + index];
      const place = `${key}n${channelText(channel)}`;
      const read = attempt(this.findings, () => readSending(place, value));
      return read === undefined ? [] : [{ session, channel, ...read }];
    });
  }

  receiving(): ReceivingRecord[] {
    const { name: session, key } = this.#state;
    const before = 1 + this.#scan.sending.length;
    return this.#scan.receiving.flatMap((channel, index) => {
      const value = this.#values[before + index];
      const place = `${key}r${channelText(channel)}`;
      const read = attempt(this.findings, () => readReceiving(place, value));
      return read === undefined ? [] : [{ session, channel, ...read }];
    });
  }

  /** Which messages there are, and whether all of them are. */
  logs(): void {
    const { states, logs } = this.#scan;
    const before = 1 + this.#scan.sending.length + this.#scan.receiving.length;
    const unclaimed = new Map(logs);
    for (const [index, { side, channel }] of states.entries()) {
      unclaimed.delete(logName(side, channel));
      const key = this.#state.logKey(side, channel);
      const read = attempt(this.findings, () => readLogState(key, this.#values[before + index]));
      // Nothing of it counts, but its place is known.
      const log = read ?? { next: 1, dropped: new Progress() };
      const scan = logs.get(logName(side, channel)) ?? new LogScan();
      const missing = read === undefined ? undefined : scan.missing(log.next, log.dropped);
      if (missing !== undefined) this.findings.push(`${key}: ${missing}`);
      const message =
        side === 'o' ? new MessageLog(key, OUTGOING, log) : new MessageLog(key, INCOMING, log);
      message.hasChanges = scan.hasChanges;
      message.clearedBelow = Math.min(scan.first ?? message.clearableBelow, message.clearableBelow);
      if (side === 'o') this.#state.outgoing.set(channel, message as never);
      else this.#state.incoming.set(channel, message as never);
    }
    for (const name of unclaimed.keys()) {
      this.findings.push(`${this.#state.key}: ${name} has messages, and no record of them`);
    }
  }

  async outgoing(database: LevelDatabase, head: Required<OutgoingHead>): Promise<OutgoingRecord[]> {
    const session = this.#state.name;
    const found: OutgoingRecord[] = [];
    for (const [channel, log] of this.#state.outgoing) {
      const limits = channel === ANSWER_CHANNEL ? WITHOUT_LIMIT : head;
      const range = { from: log.dropped.position, to: log.next, ...limits };
      const read = await this.#try(() => readMessages(database, log, range));
      for (const { seq, body } of read) found.push({ session, channel, seq, ...body });
    }
    return found;
  }

  async incoming(database: LevelDatabase): Promise<IncomingRecord[]> {
    const session = this.#state.name;
    const found: IncomingRecord[] = [];
    for (const [channel, log] of this.#state.incoming) {
      const range = { from: log.dropped.position, to: log.next, ...WITHOUT_LIMIT };
      const read = await this.#try(() => readMessages(database, log, range));
      for (const { seq, body } of read) found.push({ session, channel, seq, ...body });
    }
    return found;
  }

  /** Once something is known to be wrong, the messages are not worth a second look. */
  async #try<Item>(read: () => Promise<Item[]>): Promise<Item[]> {
    if (this.findings.length > 0 || this.known !== undefined) return [];
    try {
      return await read();
    } catch (error) {
      this.findings.push(sentence(error));
      return [];
    }
  }
}

const WITHOUT_LIMIT = { maxMessages: Infinity, maxBytes: Infinity };

function attempt<Value>(findings: string[], read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    findings.push(sentence(error));
    return undefined;
  }
}

/** What an error says, without its code. */
export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^WILCO_[A-Z_]+: /, '');
}
