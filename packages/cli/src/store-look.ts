import { deadLettersOf, type FoundLetter } from './dead-letter-list.ts';
import { EXIT } from './exit-codes.ts';
import { jsonLine } from './json-text.ts';
import { many } from './plain-words.ts';
import { Screen } from './screen.ts';
import { withReader } from './store-folder.ts';
import { damageLine, overviewOf } from './store-overview.ts';
import { letterLines, messageLines, moreLines, overviewLines } from './store-screens.ts';
import { channelsOf, messagesOf, type Selection, type StoredMessage } from './stored-messages.ts';

/** Whether results are for scripts. */
export interface LookSettings {
  readonly json?: true;
}

/** The options of `wilco store list`, as commander gives them. */
export interface ListSettings extends LookSettings, Omit<Selection, 'ids'> {
  readonly dead?: true;
  readonly limit?: number;
}

const LIMIT = 100;

/** `wilco store inspect`. Returns the exit code, as the others do. */
export function inspectStore(path: string, { json }: LookSettings): Promise<number> {
  return withReader(path, async (reader) => {
    const screen = new Screen();
    const overview = await overviewOf(reader);
    if (json === true) screen.write(jsonLine({ ...overview }));
    else screen.lines(overviewLines(path, overview, screen.width));
    return screen.done(EXIT.done);
  });
}

/** `wilco store list`. */
export function listStore(path: string, settings: ListSettings): Promise<number> {
  return settings.dead === true ? listLetters(path, settings) : listMessages(path, settings);
}

/** `wilco store verify`: 1 where anything is missing or wrong. */
export function verifyStore(path: string, { json }: LookSettings): Promise<number> {
  return withReader(path, async (reader) => {
    const screen = new Screen();
    let findings = 0;
    for await (const { code, detail, session } of reader.verify()) {
      findings += 1;
      if (json === true) screen.write(jsonLine({ code, detail, session }));
      else screen.lines([damageLine(code, detail, session)]);
    }
    const isWhole = findings === 0;
    const sessions = reader.sessions().length;
    if (json === true) screen.write(jsonLine({ isWhole, findings, sessions }));
    else screen.lines(isWhole ? wholeLines(path, sessions) : damagedLines(path, findings));
    return screen.done(isWhole ? EXIT.done : EXIT.notDone);
  });
}

function listMessages(path: string, settings: ListSettings): Promise<number> {
  const most = limitOf(settings);
  return withReader(path, async (reader) => {
    const screen = new Screen();
    let [shown, all] = [0, 0];
    for (const channel of channelsOf(reader, settings)) {
      const messages: StoredMessage[] = [];
      for await (const message of messagesOf(reader, channel, settings)) {
        all += 1;
        if (shown === most) continue;
        shown += 1;
        if (settings.json === true) screen.write(jsonLine(fieldsOf(message)));
        else messages.push(message);
      }
      if (messages.length > 0) screen.lines([...messageLines(messages, screen.width), '']);
    }
    if (settings.json !== true) screen.lines(moreLines(shown, all, 'pending message'));
    return screen.done(EXIT.done);
  });
}

function listLetters(path: string, settings: ListSettings): Promise<number> {
  const most = limitOf(settings);
  return withReader(path, async (reader) => {
    const screen = new Screen();
    const found: FoundLetter[] = [];
    let all = 0;
    for await (const one of deadLettersOf(reader, settings)) {
      all += 1;
      if (all > most) continue;
      if (settings.json === true) screen.write(jsonLine(letterFields(one)));
      else found.push(one);
    }
    if (settings.json !== true) {
      screen.lines([...letterLines(found, screen.width), ...(all === 0 ? [] : [''])]);
      screen.lines(moreLines(found.length, all, 'dead letter'));
      if (all > 0)
        screen.lines([`to start handlers again: wilco store requeue ${path} ID, or --all`]);
    }
    return screen.done(EXIT.done);
  });
}

function limitOf({ limit, json }: ListSettings): number {
  if (limit === undefined) return json === true ? Infinity : LIMIT;
  return limit === 0 ? Infinity : limit;
}

function fieldsOf({ sinceWallMs, expiresAtWallMs, ...rest }: StoredMessage) {
  return { ...rest, since: isoTime(sinceWallMs), expiresAt: isoTime(expiresAtWallMs) };
}

function letterFields({ key, bytes, letter }: FoundLetter): Record<string, unknown> {
  if (letter === undefined) return { key, bytes, isReadable: false };
  const { session, identity, id, type, channel, seq, attempts, code, reason } = letter;
  const { diedAtWallMs, isRequeued, payload } = letter;
  return {
    ...{ key, id, type, session, identity, channel, seq, attempts, code, reason, isRequeued },
    diedAt: isoTime(diedAtWallMs),
    bytes: payload.byteLength,
    body: Buffer.from(payload).toString('base64'),
  };
}

function isoTime(wallMs: number | undefined): string | undefined {
  return wallMs === undefined ? undefined : new Date(wallMs).toISOString();
}

function wholeLines(path: string, sessions: number): string[] {
  return [
    `${path}: all of it was read (${many(sessions, 'session')}); nothing is missing or wrong`,
  ];
}

function damagedLines(path: string, findings: number): string[] {
  return [
    `${path}: ${many(findings, 'finding')}. Put a copy of the folder aside before anything else.`,
    'At its next start the owner counts the sessions concerned as lost, and both sides are told:',
    'what was to be sent is sent again, marked as resent, or is in doubt, as it has chosen.',
  ];
}
