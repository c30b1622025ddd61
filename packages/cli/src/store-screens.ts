import type { FoundLetter } from './dead-letter-list.ts';
import { ageInWords, bytesInWords, many, timeInWords } from './plain-words.ts';
import { count } from './send-progress.ts';
import type { ChannelOverview, SessionOverview, StoreOverview } from './store-overview.ts';
import type { StoredMessage } from './stored-messages.ts';
import { tableLines, wrapped } from './text-table.ts';

const LABEL_WIDTH = 14;

/** `wilco store inspect`, for people. */
export function overviewLines(path: string, overview: StoreOverview, width: number): string[] {
  const { sessions, openings, keptReceipts, ids, tombstones, damage } = overview;
  const [role] = sessions.map((session) => session.role);
  const busy = sessions.filter(({ channels, answers }) => channels.length + answers > 0);
  const owner = role === undefined ? 'without a session' : `of a ${role}`;
  const opened = openings === 1 ? 'opened once' : `opened ${count(openings)} times`;
  return [
    ...row('store', `${path}, ${owner}, ${opened}`, width),
    ...row('state', stateWords(path, damage), width),
    ...damage.flatMap((one) => row('', one, width)),
    ...row('to be sent', sumWords(sessions, 'out'), width),
    ...row('to be handled', sumWords(sessions, 'in'), width),
    ...row('dead letters', deadWords(path, overview), width),
    ...row('sessions', `${count(sessions.length)}, ${count(busy.length)} with work`, width),
    ...row('remembered', memoryWords({ keptReceipts, ids, tombstones }), width),
    ...busy.slice(0, SESSIONS_SHOWN).flatMap((session) => ['', ...sessionLines(session, width)]),
    ...(busy.length <= SESSIONS_SHOWN
      ? []
      : ['', `… and ${many(busy.length - SESSIONS_SHOWN, 'session')} more: --json has all`]),
  ];
}

/** A list of pending messages of one channel, for people. */
export function messageLines(messages: readonly StoredMessage[], width: number): string[] {
  const [first] = messages;
  if (first === undefined) return [];
  const { way, peer, channel, session } = first;
  const heading = `${way === 'out' ? 'to' : 'from'} ${peer}, channel ${channel}, session ${session}`;
  // An id that its place gives it says nothing that is not there already.
  const own = messages.map(({ id, seq }) => (id.endsWith(`.${channel}.${seq}`) ? '–' : id));
  const hasIds = own.some((id) => id !== '–');
  const rows = messages.map(({ seq, type, bytes, sinceWallMs, why }, at) => [
    ...[`#${seq}`, ...(hasIds ? [own[at] ?? ''] : []), type, bytesInWords(bytes)],
    ...[ageInWords(Date.now() - sinceWallMs), why],
  ]);
  const columns = [
    ...[{ title: 'place' }, ...(hasIds ? [{ title: 'id' }] : []), { title: 'type' }],
    ...[{ title: 'size', isRight: true }, { title: 'since', isRight: true }, { title: 'why' }],
  ];
  return [...wrapped(heading, width), ...tableLines(columns, rows, width)];
}

/** A list of dead letters, for people: each with the words that requeue it. */
export function letterLines(found: readonly FoundLetter[], width: number): string[] {
  return found.flatMap(({ key, bytes, letter }) => {
    if (letter === undefined) return wrapped(`${key}: can not be read (${bytes} bytes)`, width);
    const { id, type, identity, payload, attempts, code, reason, diedAtWallMs } = letter;
    const died = `${ageInWords(Date.now() - diedAtWallMs)} ago, ${timeInWords(diedAtWallMs)}`;
    const from = identity === undefined ? '' : `, from ${identity}`;
    const state = letter.isRequeued ? 'requeued: its handler starts at the next start' : undefined;
    return [
      id,
      ...indented(`${type}, ${bytesInWords(payload.byteLength)}${from}, given up ${died}`, width),
      ...indented(`after ${many(attempts, 'attempt')}: ${code}: ${reason}`, width),
      ...(state === undefined ? [] : indented(state, width)),
    ];
  });
}

/** At the end of a list that was cut. */
export function moreLines(shown: number, all: number, noun: string): string[] {
  if (all === 0) return [`no ${noun}`];
  if (shown === all) return [many(all, noun)];
  return [`${many(all, noun)}, of which ${count(shown)} are shown: --limit 0 lists all`];
}

/** Of so many sessions with work each is described. */
const SESSIONS_SHOWN = 20;

function row(label: string, text: string, width: number): string[] {
  return wrapped(text, Math.max(width - LABEL_WIDTH - 1, 24)).map(
    (line, at) => `${(at === 0 ? label : '').padEnd(LABEL_WIDTH)} ${line}`,
  );
}

function indented(text: string, width: number): string[] {
  return wrapped(text, Math.max(width - 2, 24)).map((line) => `  ${line}`);
}

function stateWords(path: string, damage: readonly string[]): string {
  if (damage.length === 0) {
    return `nothing seems to be missing; to read all of it: wilco store verify ${path}`;
  }
  return `DAMAGED. Its sessions count as lost, and their peers are told at the next start:`;
}

function sumWords(sessions: readonly SessionOverview[], way: 'in' | 'out'): string {
  const channels = sessions.flatMap((session) => session.channels).filter((one) => one.way === way);
  if (channels.length === 0) return 'nothing';
  return amountWords({
    messages: channels.reduce((sum, { messages }) => sum + messages, 0),
    bytes: channels.reduce((sum, { bytes }) => sum + bytes, 0),
    oldestWallMs: Math.min(...channels.map(({ oldestWallMs = Infinity }) => oldestWallMs)),
  });
}

function amountWords({
  messages,
  bytes,
  oldestWallMs = Infinity,
}: Pick<ChannelOverview, 'messages' | 'bytes' | 'oldestWallMs'>): string {
  const since =
    oldestWallMs === Infinity
      ? ''
      : `, the oldest for ${ageInWords(Date.now() - oldestWallMs)} (${timeInWords(oldestWallMs)})`;
  return `${many(messages, 'message')}, ${bytesInWords(bytes)}${since}`;
}

function deadWords(path: string, overview: StoreOverview): string {
  const { deadLetters, deadLetterBytes: bytes, oldestDeadLetterWallMs, requeued } = overview;
  if (deadLetters === 0) return 'none';
  const oldest =
    oldestDeadLetterWallMs === undefined
      ? ''
      : `, the oldest ${ageInWords(Date.now() - oldestDeadLetterWallMs)} ago`;
  const again = requeued === 0 ? '' : `, ${count(requeued)} requeued`;
  return `${count(deadLetters)}, ${bytesInWords(bytes)}${oldest}${again}: wilco store list ${path} --dead`;
}

function memoryWords(kept: {
  readonly keptReceipts: number;
  readonly ids: number;
  readonly tombstones: number;
}): string {
  const { keptReceipts, ids, tombstones } = kept;
  return [
    many(ids, 'id'),
    many(keptReceipts, 'kept receipt'),
    many(tombstones, 'ended session'),
  ].join(', ');
}

function sessionLines(
  { session, peer, channels, answers }: SessionOverview,
  width: number,
): string[] {
  return [
    ...wrapped(`session ${session} with ${peer}`, width),
    ...channels.flatMap((channel) => channelLines(channel, width)),
    ...(answers === 0
      ? []
      : indented(`${many(answers, 'answer')} that the peer has not acknowledged`, width)),
  ];
}

function channelLines(overview: ChannelOverview, width: number): string[] {
  const { way, channel, first } = overview;
  const what = way === 'out' ? 'to be sent' : 'to be handled';
  const why =
    first === undefined
      ? 'its first message can not be read'
      : `the first, #${first.seq} ${first.type}: ${first.why}`;
  return [
    ...indented(`${what} on ${channel}: ${amountWords(overview)}`, width),
    ...indented(`  ${why}`, width),
  ];
}
