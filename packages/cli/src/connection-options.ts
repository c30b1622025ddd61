import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClientOptions, EndpointOptions, TlsCertificates } from '@wilco/client';
import type { Authenticate, ServerOptions } from '@wilco/server';
import { Option, type Command } from 'commander';
import { CommandError, EXIT } from './exit-codes.ts';
import { gapMs, sizeBytes, type Target } from './option-values.ts';

/** The options of every command that speaks Wilco, as commander gives them. */
export interface ConnectionSettings {
  readonly wait: number;
  readonly maxMessage: number;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: true;
}

/** The option of a command that keeps messages. */
export interface StoreSettings {
  readonly store?: string;
}

/** Those of a side that dials. */
export interface ClientSettings extends ConnectionSettings {
  readonly tls?: true;
  readonly serverName?: string;
  readonly retry: number;
}

/** What is secret stands in the environment, or in a file: never on the command line. */
const TOKEN_VARIABLE = 'WILCO_TOKEN';
const PASSPHRASE_VARIABLE = 'WILCO_KEY_PASSPHRASE';

/** Adds the options of {@link ClientSettings} to a command. */
export function withClientOptions(command: Command): Command {
  command
    .option('--tls', 'encrypt; trust the authorities that Node.js knows, or those of --ca')
    .addOption(file('--ca', 'WILCO_CA', 'trust certificates that these authorities signed (PEM)'))
    .addOption(file('--cert', 'WILCO_CERT', 'show this certificate (PEM): mutual TLS'))
    .addOption(file('--key', 'WILCO_KEY', 'the private key of --cert (PEM)'))
    .option('--server-name <name>', 'the name that the certificate must have, if not the host')
    .addOption(
      new Option('--retry <duration>', 'the longest wait between two tries to connect')
        .argParser(gapMs)
        .default(30_000, '30s'),
    );
  return withCommonOptions(command);
}

/** Adds the options of {@link ConnectionSettings} to a command that listens. */
export function withServerOptions(command: Command): Command {
  command
    .addOption(file('--cert', 'WILCO_CERT', 'encrypt with this certificate (PEM)'))
    .addOption(file('--key', 'WILCO_KEY', 'the private key of --cert (PEM)'))
    .addOption(
      file(
        '--ca',
        'WILCO_CA',
        'let in only clients with a certificate that these authorities signed',
      ),
    );
  return withCommonOptions(command);
}

function withCommonOptions(command: Command): Command {
  return command
    .addOption(file('--token-file', 'WILCO_TOKEN_FILE', 'the token that proves who a client is'))
    .option('--insecure', 'allow plain TCP beyond this machine')
    .addOption(
      new Option(
        '--wait <duration>',
        'how long silence may last before a connection counts as dead',
      )
        .argParser(gapMs)
        .default(25_000, '25s'),
    )
    .addOption(
      new Option('--max-message <size>', 'the longest line, in bytes; the peer has a limit too')
        .argParser(sizeBytes)
        .default(16 * 1024 * 1024, '16MiB'),
    );
}

/** Adds the folder of a store to a command that keeps messages. */
export function withStoreOption(command: Command): Command {
  return command.option(
    '--store <dir>',
    'keep messages in this folder: they survive the process, and loss of power',
  );
}

function file(flag: string, variable: string, about: string): Option {
  return new Option(`${flag} <file>`, about).env(variable);
}

/** What `connect` and `ping` are told. */
export function clientOptions(
  to: readonly Target[],
  settings: ClientSettings & StoreSettings,
): ClientOptions {
  const token = tokenOf(settings);
  const { tls, ca, cert, key, serverName, retry } = settings;
  const isEncrypted = tls === true || [ca, cert, key, serverName].some((one) => one !== undefined);
  return {
    ...common(settings),
    addresses: to,
    reconnect: {
      minMs: Math.min(250, retry),
      maxMs: retry,
      stableAfterMs: Math.min(10_000, retry),
    },
    ...(token !== undefined && { credentials: token }),
    ...(isEncrypted && { tls: { ...certificates(settings), servername: serverName } }),
  };
}

/** What `listen` is told. */
export function serverOptions(
  at: Target,
  settings: ConnectionSettings & StoreSettings,
): ServerOptions {
  const token = tokenOf(settings);
  const { ca, cert, key } = settings;
  const isEncrypted = [ca, cert, key].some((one) => one !== undefined);
  return {
    ...common(settings),
    ...at,
    ...((token !== undefined || ca !== undefined) && { authenticate: whoIs(token) }),
    ...(isEncrypted && { tls: { ...certificates(settings), requestCert: ca !== undefined } }),
  };
}

function certificates({ ca, cert, key }: ConnectionSettings): TlsCertificates {
  return {
    ca: ca && readOption('--ca', ca),
    cert: cert && readOption('--cert', cert),
    key: key && readOption('--key', key),
    passphrase: process.env[PASSPHRASE_VARIABLE],
  };
}

function common(settings: ConnectionSettings & StoreSettings): EndpointOptions {
  const { wait, maxMessage, insecure, store } = settings;
  const leastBytes = store === undefined ? OUTBOX_BYTES : STORED_OUTBOX_BYTES;
  return {
    waitMs: wait,
    heartbeatMs: Math.min(10_000, Math.max(40, Math.round(wait * 0.4))),
    maxMessageBytes: maxMessage,
    outboxBytes: Math.max(leastBytes, 2 * maxMessage),
    ...(insecure === true && { insecure }),
  };
}

const OUTBOX_BYTES = 64 * 1024 ** 2;
const STORED_OUTBOX_BYTES = 1024 ** 3;

function tokenOf({ tokenFile }: ConnectionSettings): string | undefined {
  const isOfFile = tokenFile !== undefined;
  const text = isOfFile ? readOption('--token-file', tokenFile) : process.env[TOKEN_VARIABLE];
  if (text === undefined) return undefined;
  const token = text.trim();
  if (token !== '') return token;
  const where = isOfFile ? `--token-file ${tokenFile}` : TOKEN_VARIABLE;
  throw new CommandError(`${where} is empty, wanted a token`, EXIT.usage);
}

/** The text of a file that an option names. */
function readOption(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${option} ${path}: ${reason}`, EXIT.usage);
  }
}

/** Lets in who shows the token, where there is one; the name is that of the certificate. */
function whoIs(token: string | undefined): Authenticate {
  const wanted = token === undefined ? undefined : digest(new TextEncoder().encode(token));
  return ({ credentials, tls }) => {
    const shown = digest(credentials ?? new Uint8Array(0));
    // Compared in a time that says nothing of the token.
    if (wanted !== undefined && !timingSafeEqual(shown, wanted)) return undefined;
    return { identity: String(tls?.certificate?.subject.CN ?? 'token') };
  };
}

function digest(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
