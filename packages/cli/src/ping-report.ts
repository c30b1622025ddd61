import { ERRORS, type PingReport, type WilcoError } from '@wilco/client';
import { count, milliseconds } from './send-progress.ts';

/** Least, median and most of some durations. */
export interface Spread {
  readonly minMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

export function spreadOf(durationsMs: readonly number[]): Spread | undefined {
  const sorted = durationsMs.toSorted((one, other) => one - other);
  const [minMs] = sorted;
  const medianMs = sorted[Math.floor((sorted.length - 1) / 2)];
  const maxMs = sorted.at(-1);
  if (minMs === undefined || medianMs === undefined || maxMs === undefined) return undefined;
  return { minMs, medianMs, maxMs };
}

/** What was found so far, for people. Grows at its end as the report does. */
export function pingLines(name: string, report: PingReport): string[] {
  const { step, error, connectMs, roundTripsMs } = report;
  const isOver = error !== undefined || step === 'done';
  return [
    ...(connectMs === undefined
      ? []
      : [row('reachable', `${name}, in ${milliseconds(connectMs)}`)]),
    ...tlsLines(report),
    ...serverLines(report),
    ...roundTripsMs.map((tookMs, index) => row(`round trip ${index + 1}`, milliseconds(tookMs))),
    ...(isOver ? spreadLines(roundTripsMs) : []),
    ...(error === undefined ? [] : stopLines(report, error)),
  ];
}

/** The same for scripts. */
export function pingFields(name: string, report: PingReport): Record<string, unknown> {
  const { step, error, remote, connectMs, openingMs, server, roundTripsMs, tls } = report;
  return {
    to: name,
    isGood: error === undefined,
    stoppedAt: error === undefined ? undefined : step,
    code: error?.code,
    reason: error?.message,
    advice: error === undefined ? undefined : adviceOn(error),
    remote,
    connectMs: connectMs === undefined ? undefined : rounded(connectMs),
    openingMs: openingMs === undefined ? undefined : rounded(openingMs),
    tls: tls && {
      protocol: tls.protocol,
      subject: tls.certificate?.subject.CN,
      failure: tls.failure,
    },
    server,
    roundTrips: roundTripsMs.length,
    ...spreadOf(roundTripsMs.map(rounded)),
  };
}

/** To the microsecond: no clock here knows more. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

const LABEL_WIDTH = 13;

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)} ${text}`;
}

function tlsLines({ tls, connectMs }: PingReport): string[] {
  if (connectMs === undefined) return [];
  if (tls === undefined) return [row('encrypted', 'no: plain bytes')];
  const subject = String(tls.certificate?.subject.CN ?? 'nobody we know');
  return [row('encrypted', `${tls.protocol}, certificate of ${subject}`)];
}

function serverLines({ server, openingMs }: PingReport): string[] {
  if (server === undefined || openingMs === undefined) return [];
  const { id, runId, version, announcement, window } = server;
  const { waitMs, resumeWindowMs, handlerTimeoutMs, maxMessageBytes, worth } = announcement;
  return [
    row('opening', `let in, in ${milliseconds(openingMs)}`),
    row('protocol', `version ${version}`),
    row('server', `${id}, run ${runId}`),
    row('received is', `${worth}: what the word of this server is worth`),
    row(
      'waits',
      `silence ${milliseconds(waitMs)}, resume window ${milliseconds(resumeWindowMs)}, handlers ${milliseconds(handlerTimeoutMs)}`,
    ),
    row('largest', `${count(maxMessageBytes)} bytes a message`),
    row('window', `${count(window.messages)} messages and ${count(window.bytes)} bytes at first`),
  ];
}

function spreadLines(roundTripsMs: readonly number[]): string[] {
  const spread = spreadOf(roundTripsMs);
  if (spread === undefined) return [];
  const { minMs, medianMs, maxMs } = spread;
  const words = [minMs, medianMs, maxMs].map(milliseconds).join(' / ');
  return [row('round trips', `min/median/max ${words}, ${count(roundTripsMs.length)} measured`)];
}

const STEPS: Readonly<Record<PingReport['step'], string>> = {
  connect: 'connecting: no connection was made',
  opening: 'the opening: connected, but not let in',
  roundTrips: 'the round trips: let in, then lost',
  done: 'the end',
};

function stopLines({ step }: PingReport, error: WilcoError): string[] {
  return [
    row('stopped at', STEPS[step]),
    row('because', error.message),
    row('what to do', adviceOn(error)),
  ];
}

/** By the word of the system, where it has one. */
const SYSTEM_ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'The machine is there, but nothing listens on this port: start the server, or correct the port.',
  ENOTFOUND: 'The name is not known: correct it, or ask whoever runs the DNS.',
  EAI_AGAIN: 'The name could not be looked up just now: is the DNS server reachable?',
  EHOSTUNREACH:
    'There is no way to this machine: is it up, and in the same network or behind a route?',
  ENETUNREACH: 'There is no way to this network: is this machine online?',
  ECONNRESET:
    'Something ended the connection at once: a firewall, or a server that speaks another protocol (TLS?).',
  ETIMEDOUT: 'Nothing answers: a firewall that drops packets, or a machine that is off.',
  ENOENT: 'There is no such Unix socket: start the server, or correct the path.',
  EACCES: 'This user may not use the Unix socket.',
};

/** What a person can do about it: by the system's word, else by the table of errors. */
export function adviceOn(error: WilcoError): string {
  const cause: unknown = error.cause;
  const word = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (error.code === 'WILCO_OPENING_TIMEOUT') return OPENING_ADVICE;
  return SYSTEM_ADVICE[word] ?? ERRORS[error.code].summary;
}

const OPENING_ADVICE =
  'Nothing answered in time: before the connection, a firewall that drops packets or a machine that is off; after it, a server that hangs or speaks another protocol.';
