import { ping, type PingReport } from '@wilco/client';
import { Argument, Command, Option } from 'commander';
import { act, withLogOptions, type LogSettings } from './command-action.ts';
import { clientOptions, withClientOptions, type ClientSettings } from './connection-options.ts';
import {
  EXIT,
  exitCodeOf,
  exitCodeOfError,
  exitCodeUnwritten,
  onSignal,
  type EndingSignal,
} from './exit-codes.ts';
import { LineWriter, streamSink } from './line-writer.ts';
import { PING_MANUAL } from './manual.ts';
import {
  durationMs,
  gapMs,
  target,
  targetName,
  wholeNumber,
  type Target,
} from './option-values.ts';
import { pingFields, pingLines } from './ping-report.ts';

interface PingSettings extends ClientSettings, LogSettings {
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
}

const INTERVAL_MAX_MS = 10_000;

/** `wilco ping`: what a person wants to know who debugs a link. */
export function pingCommand(): Command {
  const command = new Command('ping')
    .summary('look at a server: reachable, who it is, round trips, limits, where it stopped')
    .description(
      'Dials a server once and says how far it came, who answered, and how long it took.',
    )
    .addArgument(
      new Argument('<address>', 'HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH').argParser(target),
    )
    .addOption(
      new Option('-c, --count <n>', 'how many round trips to measure')
        .argParser(wholeNumber(1, 1_000_000))
        .default(4),
    )
    .addOption(
      new Option('-i, --interval <duration>', 'from one to the next, up to 10s')
        .argParser((text: string) => Math.min(durationMs(text), INTERVAL_MAX_MS))
        .default(1_000, '1s'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long dialling and the opening may take, each')
        .argParser(gapMs)
        .default(10_000, '10s'),
    );
  withClientOptions(command);
  withLogOptions(command);
  return command.addHelpText('after', PING_MANUAL).action(run);
}

function run(to: Target, settings: PingSettings): Promise<void> {
  return act(settings, async () => {
    const controller = new AbortController();
    let endedBy: EndingSignal | undefined;
    onSignal((signal) => {
      endedBy = signal;
      controller.abort();
    });
    const { timeout, interval, count, json, quiet } = settings;
    const name = targetName(to);
    const output = new LineWriter(streamSink(process.stdout));
    let untold: unknown;
    const unread = (error: unknown): void => {
      untold ??= error;
      controller.abort();
    };
    const print = (text: string): void => {
      output.write(new TextEncoder().encode(`${text}\n`)).catch(unread);
    };
    let told = 0;
    const tell = (report: PingReport): void => {
      const lines = pingLines(name, report);
      if (json !== true && quiet !== true) for (const line of lines.slice(told)) print(line);
      told = lines.length;
    };
    const report = await ping({
      ...clientOptions([to], settings),
      connectTimeoutMs: timeout,
      welcomeTimeoutMs: timeout,
      count,
      intervalMs: interval,
      onProgress: tell,
      signal: controller.signal,
    });
    tell({ ...report, step: report.error === undefined ? 'done' : report.step });
    if (json === true) output.writeJson(pingFields(name, report)).catch(unread);
    await output.close();
    if (endedBy !== undefined) return exitCodeOf(endedBy);
    if (untold !== undefined) return exitCodeUnwritten(untold);
    return report.error === undefined ? EXIT.done : exitCodeOfError(report.error);
  });
}
