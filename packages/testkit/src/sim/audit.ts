import { levelStore } from '@wilco/store/level';
import type { IncomingRecord } from '@wilco/protocol';
import type { StoreContents } from '@wilco/store';
import { keyOf } from '../disk/sorted-table.ts';
import type { VirtualDisk } from '../disk/virtual-disk.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { VirtualProcess } from '../virtual-process.ts';
import type { Entry, History } from './history.ts';
import { effectKey, isRecordOf } from './parcel.ts';
import type { Plan, PlannedMessage } from './plan.ts';

/** What was promised of a message, that has to be on the disk. */
export interface Claim {
  readonly message: PlannedMessage;
  /** `queued`: in the outbox. `received`: in the inbox. `handled`: not in the inbox any more. */
  readonly promised: 'queued' | 'received' | 'handled';
  /** Whether its handler wrote something that holds together with it. */
  readonly hasEffect?: boolean;
}

/** Whose claims are asked for. */
export interface ClaimsSetting {
  readonly host: string;
  readonly history: History;
  readonly plan: Plan;
  readonly atMs: number;
  /** What was promised before may be lost. */
  readonly faithfulSinceMs: number;
}

/** What the store of a host must hold at this moment, by what was told of it until now. */
export function claimsOf(setting: ClaimsSetting): Claim[] {
  const claims: Claim[] = [];
  for (const entry of setting.history.entries.values()) {
    const { message } = entry;
    if (isClaimedQueued(entry, setting)) claims.push({ message, promised: 'queued' });
    if (isClaimedReceived(entry, setting)) claims.push({ message, promised: 'received' });
    if (isClaimedHandled(entry, setting)) {
      const hasEffect = entry.starts[0]?.hasEffect === true;
      claims.push({ message, promised: 'handled', hasEffect });
    }
  }
  return claims;
}

/** Its sender was told that it is queued, and of no end; and its peer can not have told it of one, which is kept first. */
function isClaimedQueued(entry: Entry, setting: ClaimsSetting): boolean {
  const { message, isQueued, sentAtMs } = entry;
  if (message.from !== setting.host || !isQueued || !isOpen(entry, setting)) return false;
  if (mayHaveEnded(entry, setting)) return false;
  return sentAtMs > setting.faithfulSinceMs;
}

/** Its sender was told, in the session that it has now, that it is received; no handler finished it. */
function isClaimedReceived(entry: Entry, setting: ClaimsSetting): boolean {
  const { message, sentAtMs, receivedAtMs } = entry;
  const { host, history, plan, faithfulSinceMs } = setting;
  if (message.to !== host || receivedAtMs > setting.atMs || !isOpen(entry, setting)) return false;
  // What another server was given, or a copy of this client, this one does not have.
  if (history.copies.hasClone(host)) return false;
  if (plan.incidents.some(({ kind }) => kind === 'move')) return false;
  if (mayHaveEnded(entry, setting)) return false;
  // When its receiver said so, only that one knows: not before it was sent.
  return sentAtMs > faithfulSinceMs && receivedAtMs > history.heldSinceMs(entry);
}

/** Its receiver may have said how it ends. */
function mayHaveEnded(entry: Entry, { plan, history }: ClaimsSetting): boolean {
  const { message, starts } = entry;
  const attempts = starts.length + 1 + history.marks.countOf(entry);
  const { maxAttempts = 10 } = plan.options[message.to] ?? {};
  if (['unknown', 'invalid'].includes(message.conduct.kind)) return true;
  if (starts.some(({ isAborted }) => isAborted) || attempts >= maxAttempts) return true;
  return starts.some(({ ended }) => ended !== undefined && ended !== 'putOff');
}

/** Its sender was told that it is handled, and there never was but one copy. */
function isClaimedHandled(entry: Entry, setting: ClaimsSetting): boolean {
  const { message, outcome, starts } = entry;
  if (message.to !== setting.host || outcome?.status !== 'handled') return false;
  const [start] = starts;
  if (start === undefined || starts.length > 1 || start.isResent) return false;
  // A sender that was set back, or has a clone, may have brought another one.
  if (setting.history.copies.mayBeUsedElsewhere(message.from, setting.atMs)) return false;
  return start.host === setting.host && start.endedAtMs > setting.faithfulSinceMs;
}

/** Nothing has ended it, and nothing could by now. */
function isOpen(
  { outcome, isOrphaned, isCancelled, message, sentAtMs }: Entry,
  { atMs, plan }: ClaimsSetting,
): boolean {
  if (outcome !== undefined || isOrphaned || isCancelled || message.ttlMs !== undefined)
    return false;
  return atMs - sentAtMs < (plan.options[message.from]?.['retentionMs'] ?? Infinity);
}

/** What an {@link Audit} compares. */
export interface AuditSetting {
  readonly host: string;
  readonly atMs: number;
  readonly disk: VirtualDisk;
  readonly how: 'killed' | 'vanished';
  readonly claims: readonly Claim[];
  readonly entries: readonly Entry[];
  /** Nothing was ever wrong with the disk: its store must not say so. */
  readonly isWhole: boolean;
}

/** One look at what a disk would hold if its host died at that moment. */
export class Audit {
  readonly atMs: number;
  readonly #setting: AuditSetting;
  readonly #clock = new VirtualClock();
  readonly #survivor: VirtualDisk;

  constructor(setting: AuditSetting) {
    this.atMs = setting.atMs;
    this.#setting = setting;
    this.#survivor = setting.disk.survivor(setting.how, this.#clock);
  }

  /** Opens it with the real store. Returns what is not as it was promised. */
  async run(): Promise<string[]> {
    const { isWhole, host } = this.#setting;
    const contents = await this.#open();
    if ('error' in contents) {
      return isWhole ? [`the disk of ${host} could not be opened: ${contents.error}`] : [];
    }
    const { sessions, damage } = contents;
    if (!isWhole && damage.length > 0) return [];
    const wrong = damage.map(({ detail }) => `${host} would find damage where none is: ${detail}`);
    wrong.push(...this.#brokenClaims(sessions));
    for (const record of sessions.flatMap(({ incoming }) => incoming)) {
      const message = this.#onlyCopy(record);
      if (message === undefined || !this.#hasEffect(message)) continue;
      wrong.push(`the effect of ${message.index} would be there before it counts as handled`);
    }
    return wrong;
  }

  #brokenClaims(sessions: StoreContents['sessions']): string[] {
    const { claims, host, how } = this.#setting;
    const outgoing = sessions.flatMap((session) => session.outgoing);
    const incoming = sessions.flatMap((session) => session.incoming);
    const event = how === 'killed' ? 'the end of its process' : 'a loss of power';
    return claims.flatMap(({ message, promised, hasEffect = false }) => {
      const what = `message ${message.index} is said to be ${promised}, but after ${event}`;
      if (hasEffect && !this.#hasEffect(message)) return `${what} its effect would be lost`;
      const records = promised === 'queued' ? outgoing : incoming;
      const isThere = records.some((record) => isRecordOf(record, message));
      if (isThere === (promised !== 'handled')) return [];
      return `${what} it would ${isThere ? 'be in the inbox' : 'not be on the disk'} of ${host}`;
    });
  }

  #hasEffect(message: PlannedMessage): boolean {
    return this.#survivor.image.table.get(keyOf(effectKey(message))) !== undefined;
  }

  /** Which message a record in the inbox is, where there never was another copy of it. */
  #onlyCopy(record: IncomingRecord): PlannedMessage | undefined {
    const entry = this.#setting.entries.find(({ message }) => isRecordOf(record, message));
    if (entry === undefined || record.isResent) return undefined;
    const sessions = new Set(entry.starts.map(({ session }) => session));
    const hasOther = entry.starts.some(({ isResent }) => isResent) || sessions.size > 1;
    return hasOther ? undefined : entry.message;
  }

  async #open(): Promise<StoreContents | { readonly error: string }> {
    const process = new VirtualProcess(this.#clock);
    const store = levelStore({
      database: this.#survivor.database(process),
      witness: this.#survivor.openFile(process),
      clock: process.clock,
    });
    let contents: StoreContents | { readonly error: string } = { error: 'it takes for ever' };
    let isOver = false;
    store.open().then(
      (found) => {
        contents = found;
        isOver = true;
      },
      (error: unknown) => {
        contents = { error: String(error) };
        isOver = true;
      },
    );
    await this.#clock.run(60_000, () => isOver);
    return contents;
  }
}
