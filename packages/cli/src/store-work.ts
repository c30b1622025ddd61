import { deadLettersOf } from './dead-letter-list.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { jsonLine } from './json-text.ts';
import { bytesInWords, many } from './plain-words.ts';
import type { Reporter } from './reporter.ts';
import { Screen } from './screen.ts';
import { StoreChanges } from './store-changes.ts';
import { storeError, withReader } from './store-folder.ts';
import type { LookSettings } from './store-look.ts';
import { channelsOf, messagesOf, type Selection, type StoredChannel } from './stored-messages.ts';

/** Which ones, as commander gives it. */
export interface ChoiceSettings extends LookSettings, Selection {
  readonly all?: true;
}

/** The options of `wilco store purge`. */
export interface PurgeSettings extends ChoiceSettings {
  readonly dead?: true;
  readonly pending?: true;
  readonly yes?: true;
}

/** `wilco store requeue`. Returns the exit code. */
export async function requeueStore(
  path: string,
  settings: ChoiceSettings,
  reporter: Reporter,
): Promise<number> {
  assertChoice(settings);
  const { count } = await chosenLetters(path, settings);
  if (count === 0) return none(reporter, 'dead letter');
  const requeued = await withChanges(path, (changes) => changes.requeue(settings));
  return tell(settings, { requeued }, [
    `${many(requeued, 'dead letter')} requeued: handlers start on them when the owner starts`,
  ]);
}

/** `wilco store purge`. Returns the exit code. */
export async function purgeStore(
  path: string,
  settings: PurgeSettings,
  reporter: Reporter,
): Promise<number> {
  const { dead, pending } = settings;
  if ((dead === true) === (pending === true)) {
    throw new CommandError('what is to be purged? --dead or --pending, one of them', EXIT.usage);
  }
  assertChoice(settings);
  return dead === true
    ? purgeLetters(path, settings, reporter)
    : purgeMessages(path, settings, reporter);
}

async function purgeLetters(
  path: string,
  settings: PurgeSettings,
  reporter: Reporter,
): Promise<number> {
  const { count, bytes } = await chosenLetters(path, settings);
  if (count === 0) return none(reporter, 'dead letter');
  if (settings.yes !== true) {
    reporter.log(
      'warning',
      'wouldPurge',
      [
        `${many(count, 'dead letter')} (${bytesInWords(bytes)}) would be gone for good; their senders`,
        'were told that they were rejected. To do it: the same with --yes',
      ].join(' '),
    );
    return EXIT.notDone;
  }
  const purged = await withChanges(path, (changes) => changes.dropLetters(settings));
  return tell(settings, { purged }, [`${many(purged, 'dead letter')} purged`]);
}

async function purgeMessages(
  path: string,
  settings: PurgeSettings,
  reporter: Reporter,
): Promise<number> {
  const { chosen, count, bytes } = await chosenMessages(path, settings);
  if (count === 0) return none(reporter, 'message that waits to be sent');
  if (settings.yes !== true) {
    reporter.log(
      'warning',
      'wouldPurge',
      [
        `the time to live of ${many(count, 'message')} (${bytesInWords(bytes)}) would end now: when its`,
        'owner starts, it asks them back from the peer. Each is then expired, or has its true end, or is',
        'in doubt where nobody can know. To do it: the same with --yes',
      ].join(' '),
    );
    return EXIT.notDone;
  }
  await withChanges(path, async (changes) => {
    for (const [channel, seqs] of chosen) await changes.endTime(channel, seqs);
  });
  return tell(settings, { purged: count }, [
    `the time of ${many(count, 'message')} is over: the owner settles them at its next start`,
  ]);
}

async function chosenLetters(
  path: string,
  selection: Selection,
): Promise<{ readonly count: number; readonly bytes: number }> {
  return withReader(path, async (reader) => {
    assertWhole(path, reader.damage.length);
    let [count, bytes] = [0, 0];
    for await (const one of deadLettersOf(reader, selection)) {
      count += 1;
      bytes += one.bytes;
    }
    return { count, bytes };
  });
}

async function chosenMessages(
  path: string,
  selection: Selection,
): Promise<{
  readonly chosen: ReadonlyMap<StoredChannel, ReadonlySet<number>>;
  readonly count: number;
  readonly bytes: number;
}> {
  return withReader(path, async (reader) => {
    assertWhole(path, reader.damage.length);
    const chosen = new Map<StoredChannel, Set<number>>();
    let [count, bytes] = [0, 0];
    for (const channel of channelsOf(reader, selection)) {
      if (channel.way === 'in') continue;
      const seqs = new Set<number>();
      for await (const message of messagesOf(reader, channel, selection)) {
        seqs.add(message.seq);
        bytes += message.bytes;
      }
      count += seqs.size;
      if (seqs.size > 0) chosen.set(channel, seqs);
    }
    return { chosen, count, bytes };
  });
}

async function withChanges<Result>(
  path: string,
  change: (changes: StoreChanges) => Promise<Result>,
): Promise<Result> {
  try {
    const changes = await StoreChanges.open(path);
    try {
      return await change(changes);
    } finally {
      await changes.close();
    }
  } catch (error) {
    throw storeError(path, error);
  }
}

function assertChoice({ ids = [], session, type, all }: ChoiceSettings): void {
  if (ids.length > 0 || session !== undefined || type !== undefined || all === true) return;
  const wanted = 'which ones? Give ids, as list prints them, --session, --type, or --all';
  throw new CommandError(wanted, EXIT.usage);
}

/** An opening by this command would be the one that finds the damage, and not the owner's. */
function assertWhole(path: string, findings: number): void {
  if (findings === 0) return;
  throw new CommandError(
    `${path}: it is damaged, so nothing was changed. See wilco store verify ${path}; then start its owner, which tells both sides, and try again`,
  );
}

function none(reporter: Reporter, noun: string): number {
  reporter.log('warning', 'nothing', `no ${noun} is meant by that: see wilco store list`);
  return EXIT.notDone;
}

function tell(
  { json }: LookSettings,
  fields: Readonly<Record<string, number>>,
  lines: readonly string[],
): Promise<number> {
  const screen = new Screen();
  if (json === true) screen.write(jsonLine(fields));
  else screen.lines(lines);
  return screen.done(EXIT.done);
}
