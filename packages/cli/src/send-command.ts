import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { connect, type WhenSessionLost } from '@wilco/client';
import { Argument, Command, Option } from 'commander';
import { act, withLogOptions, withProgressOption, type LogSettings } from './command-action.ts';
import { CommandStore } from './command-store.ts';
import {
  clientOptions,
  withClientOptions,
  withStoreOption,
  type ClientSettings,
  type StoreSettings,
} from './connection-options.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { placeIn, positionName, type InputPosition } from './input-position.ts';
import { BEGINNING, type InputLine, type LinePlace } from './line-reader.ts';
import { SEND_MANUAL } from './manual.ts';
import { durationMs, gapMs, target, type Target } from './option-values.ts';
import { receiptsWriter, SendJob } from './send-job.ts';
import type { KeptLine } from './send-run.ts';

/** What `wilco send` is told, as commander gives it. */
export interface SendSettings extends ClientSettings, LogSettings, StoreSettings {
  readonly to: readonly Target[];
  readonly type: string;
  readonly receipts?: string;
  readonly ttl?: number;
  readonly drain: number;
  readonly giveUp?: number;
  readonly whenLost: 'resend' | 'in-doubt';
}

/** What is to be sent, and how large it is, where that is known. */
export interface SendInput {
  /** How it is called in messages. */
  readonly name: string;
  readonly stream: Readable;
  readonly bytes: number | undefined;
  /** Where in it this run begins. */
  readonly start: LinePlace;
  /** What is kept with each message, where there is a store. */
  readonly kept: ((line: InputLine) => KeptLine) | undefined;
}

/** `wilco send`: each line of the input as one message, with a receipt. */
export function sendCommand(): Command {
  const command = new Command('send')
    .summary('send lines of JSON, each as one message with a receipt')
    .description('Sends each line of INPUT, a file of JSON lines, as one message, in order.')
    .addArgument(new Argument('[input]', 'the file; - is standard input').default('-'))
    .requiredOption(
      '--to <address>',
      'HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH; given again: where else to look for the server',
      (text: string, before: readonly Target[] | undefined) => [...(before ?? []), target(text)],
    )
    .option('--type <name>', 'the message type', 'json')
    .option(
      '--receipts <file>',
      'write how each line ended to this file, one JSON object a line; - prints it',
    )
    .addOption(
      new Option(
        '--ttl <duration>',
        'a message that no handler took within this time expires',
      ).argParser(gapMs),
    )
    .addOption(
      new Option('--drain <duration>', 'how long a signal lets what is in flight settle')
        .argParser(durationMs)
        .default(5_000, '5s'),
    )
    .addOption(
      new Option('--give-up <duration>', 'end when there was no connection for so long').argParser(
        gapMs,
      ),
    )
    .addOption(
      new Option('--when-lost <what>', 'lines that a peer without memory of them may have handled')
        .choices(['resend', 'in-doubt'])
        .default('resend'),
    );
  withStoreOption(withClientOptions(command));
  withLogOptions(withProgressOption(command));
  return command.addHelpText('after', SEND_MANUAL).action(send);
}

function send(path: string, settings: SendSettings): Promise<void> {
  return act(settings, async (reporter) => {
    const whenSessionLost: WhenSessionLost = settings.whenLost === 'resend' ? 'resend' : 'inDoubt';
    const options = { ...clientOptions(settings.to, settings), whenSessionLost };
    const store =
      settings.store === undefined ? undefined : await CommandStore.open(settings.store);
    const input = await openInput(path, store);
    const receipts = await receiptsWriter(settings.receipts, store !== undefined);
    const client = connect({ ...options, ...(store !== undefined && { store: store.store }) });
    return new SendJob({ client, input, receipts, settings, reporter }).run();
  });
}

/** @throws CommandError where it can't be read. */
async function openInput(path: string, store: CommandStore | undefined): Promise<SendInput> {
  if (path === '-') {
    const kept = store && keeping(undefined, newKey());
    return {
      name: 'standard input',
      stream: process.stdin,
      bytes: undefined,
      start: BEGINNING,
      kept,
    };
  }
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw new Error('it is a folder, wanted a file');
    const isPlace = facts.isFile() && store !== undefined;
    const place = isPlace ? await keptPlace(path, store) : undefined;
    const bytes = facts.isFile() ? facts.size : undefined;
    const stream = createReadStream(path, { start: place?.offset ?? 0 });
    await new Promise((resolve, reject) => {
      stream.once('open', resolve);
      stream.once('error', reject);
    });
    const kept = store && keeping(place, place?.key ?? newKey());
    return { name: path, stream, bytes, start: place ?? BEGINNING, kept };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`can not read ${path}: ${reason}`, EXIT.usage);
  }
}

async function keptPlace(path: string, store: CommandStore): Promise<InputPosition> {
  const kept = await store.position<InputPosition>(await positionName(path));
  return placeIn(path, kept, newKey());
}

/** Each message has the name of its line, and the position of a file is kept with it. */
function keeping(place: InputPosition | undefined, key: string): (line: InputLine) => KeptLine {
  return ({ number, endOffset }) => {
    const id = `${key}.${number}`;
    if (place === undefined) return { id, writes: [] };
    const position = { ...place, number: number + 1, offset: endOffset };
    return { id, writes: [CommandStore.write(`send ${place.path}`, position)] };
  };
}

/** The line that a message of an earlier run had, by its id. */
export function lineOfId(id: string | undefined): number {
  return Number(/\.(\d+)$/.exec(id ?? '')?.[1] ?? 0);
}

function newKey(): string {
  return randomBytes(6).toString('hex');
}
