import { startProxy, type MisbehavingProxy, type ProxyStrike } from '@wilco/testkit/proxy';
import { Command, Option } from 'commander';
import { act, withLogOptions, type LogSettings } from './command-action.ts';
import { CommandError, EXIT, exitCodeUnwritten, onSignal } from './exit-codes.ts';
import { jsonLine } from './json-text.ts';
import { LineWriter, streamSink } from './line-writer.ts';
import { PROXY_MANUAL } from './manual.ts';
import {
  durationMs,
  gapMs,
  listenAddress,
  sizeBytes,
  target,
  targetName,
  wholeNumber,
  type Target,
} from './option-values.ts';
import type { Reporter } from './reporter.ts';
import { count, milliseconds } from './send-progress.ts';

interface ProxySettings extends LogSettings {
  readonly listen: { readonly host: string | undefined; readonly port: number };
  readonly to: Target;
  readonly cutEvery?: number;
  readonly stallEvery?: number;
  readonly stallFor?: number;
  readonly resetEvery?: number;
  readonly corruptEvery?: number;
  readonly dribble?: number;
  readonly delay?: number;
  readonly idle?: true;
  readonly framing: 'wilco' | 'lines' | 'bytes';
  readonly seed: number;
}

/** `wilco proxy`: a network that misbehaves on purpose, and says what it did. */
export function proxyCommand(): Command {
  const every = (flags: string, what: string): Option =>
    new Option(`${flags} <gap>`, `about every <gap> of traffic: ${what}`).argParser(gapMs);
  const command = new Command('proxy')
    .summary('stand between two sides and misbehave on purpose')
    .description(
      'Forwards connections and misbehaves on purpose, so that you see what your own programs make\n' +
        'of it. Prints each fault as it strikes.',
    )
    .requiredOption(
      '-l, --listen <address>',
      'PORT, or HOST:PORT; 0 lets the system choose',
      listenAddress,
    )
    .requiredOption('--to <address>', 'HOST:PORT of the server', target)
    .addOption(every('--cut, --cut-every', 'forward a frame in part, then end both connections'))
    .addOption(every('--stall, --stall-every', 'fall silent with both connections open'))
    .addOption(
      new Option(
        '--stall-for <duration>',
        'a silence ends with a reset after this; else it lasts',
      ).argParser(gapMs),
    )
    .addOption(every('--reset, --reset-every', 'reset both connections (RST)'))
    .addOption(every('--corrupt, --corrupt-every', 'turn over one bit of a frame'))
    .addOption(
      new Option('--dribble <size>', 'forward in pieces of at most so many bytes').argParser(
        sizeBytes,
      ),
    )
    .addOption(new Option('--delay <duration>', 'delay each byte, each way').argParser(durationMs))
    .option('--idle', 'strike also when no message is in flight: in openings and heartbeats')
    .addOption(
      new Option('--framing <what>', 'what passes: to know where a message begins and ends')
        .choices(['wilco', 'lines', 'bytes'])
        .default('wilco'),
    )
    .addOption(
      new Option(
        '--seed <n>',
        'decides when which fault is due; printed, so that a run can be repeated',
      )
        .argParser(wholeNumber(0, 0xffff_ffff))
        .default(undefined, 'drawn'),
    );
  withLogOptions(command);
  return command.addHelpText('after', PROXY_MANUAL).action(proxy);
}

function proxy(given: Omit<ProxySettings, 'seed'> & { readonly seed?: number }): Promise<void> {
  const seed = given.seed ?? Math.floor(Math.random() * 2 ** 32);
  const settings: ProxySettings = { ...given, seed };
  return act(settings, async (reporter) => {
    const signalled = new Promise<number>((resolve) => {
      onSignal(() => resolve(EXIT.done));
    });
    const running = await start(settings);
    const at = targetName({ ...running.address, path: undefined });
    const text = `proxy on ${at} to ${targetName(settings.to)}, seed ${seed}`;
    reporter.log('info', 'listening', text, { ...running.address, seed });
    return untilEnded(running, signalled, reporter);
  });
}

function start(settings: ProxySettings): Promise<MisbehavingProxy> {
  const { listen, to, seed, framing, cutEvery, stallEvery, stallFor, resetEvery, corruptEvery } =
    settings;
  const { host, port } = to;
  if (host === undefined || port === undefined) {
    throw new CommandError('the proxy leads to HOST:PORT, not to a Unix socket', EXIT.usage);
  }
  return startProxy({
    target: { host, port },
    listen: { port: listen.port, ...(listen.host !== undefined && { host: listen.host }) },
    seed,
    framing,
    cutEveryMs: cutEvery ?? Infinity,
    stallEveryMs: stallEvery ?? Infinity,
    stallForMs: stallFor ?? Infinity,
    resetEveryMs: resetEvery ?? Infinity,
    corruptEveryMs: corruptEvery ?? Infinity,
    strikesWhenIdle: settings.idle === true,
    delayMs: settings.delay ?? 0,
    dribbleBytes: settings.dribble ?? Infinity,
  });
}

/** Prints faults until a signal, or until nobody reads them any more; then what it all came to. */
async function untilEnded(
  running: MisbehavingProxy,
  signalled: Promise<number>,
  reporter: Reporter,
): Promise<number> {
  const startedMs = performance.now();
  const writer = new LineWriter(streamSink(process.stdout));
  const { isJson } = reporter;
  const unread = new Promise<number>((resolve) => {
    running.onStrike((strike) => {
      const atMs = Math.round(performance.now() - startedMs);
      const line = new TextEncoder().encode(strikeLine(strike, atMs, isJson));
      writer.write(line).catch((error: unknown) => resolve(exitCodeUnwritten(error)));
    });
  });
  const exitCode = await Promise.race([signalled, unread]);
  const { connections, messages, bytes, faults } = running.counts;
  await running.close();
  const fields = { connections, messages, bytesUp: bytes.up, bytesDown: bytes.down, ...faults };
  const struck = Object.entries(faults).map(([fault, times]) => `${fault} ${count(times)}`);
  const text =
    `${count(connections)} connections, ${count(messages)} messages, ` +
    `${count(bytes.up)} bytes up, ${count(bytes.down)} down; ${struck.join(', ')}`;
  if (isJson) await writer.writeJson({ event: 'end', ...fields }).catch(() => {});
  else reporter.log('info', 'end', text);
  return exitCode;
}

function strikeLine(
  { fault, direction, inFlight }: ProxyStrike,
  atMs: number,
  isJson: boolean,
): string {
  if (isJson) return jsonLine({ event: 'fault', atMs, fault, direction, inFlight });
  const way = direction === 'up' ? 'towards the server' : 'towards the client';
  return `${milliseconds(atMs).padStart(10)}  ${fault.padEnd(7)}  ${way}, ${count(inFlight)} messages in flight\n`;
}
