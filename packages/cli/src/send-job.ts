import type { Client } from '@wilco/client';
import { ConnectionWatch } from './connection-watch.ts';
import { EXIT, exitCodeOf, exitCodeOfError, exitCodeUnwritten, onSignal } from './exit-codes.ts';
import { readLines } from './line-reader.ts';
import { LineWriter, sinkOfOption, streamSink } from './line-writer.ts';
import { targetName } from './option-values.ts';
import { receiptLine, type LineReceipt } from './receipt-lines.ts';
import type { Reporter } from './reporter.ts';
import { lineOfId, type SendInput, type SendSettings } from './send-command.ts';
import { progressText, Rate } from './send-progress.ts';
import { SendRun } from './send-run.ts';
import { sendSummary } from './send-summary.ts';

const LOOK_EVERY_MS = 100;
const RATE_SPAN_MS = 3_000;
/** How many failed lines are named at the end, and how many unsendable ones as they come. */
const NAMED_MAX = 5;

/** What a run of `wilco send` is made of. */
export interface SendParts {
  readonly client: Client;
  readonly input: SendInput;
  /** Where the receipts go; `undefined`: nowhere. */
  readonly receipts: LineWriter | undefined;
  readonly settings: SendSettings;
  readonly reporter: Reporter;
}

/** Opens the file of receipts; where lines are kept over runs, so are their receipts. */
export async function receiptsWriter(
  path: string | undefined,
  isAppended: boolean,
): Promise<LineWriter | undefined> {
  if (path === undefined) return undefined;
  const options = { isAppended, isSynced: false };
  return new LineWriter(await sinkOfOption('--receipts', path, options));
}

/** One run of `wilco send`, from the first line to the exit code. */
export class SendJob {
  readonly #parts: SendParts;
  readonly #watch: ConnectionWatch;
  readonly #run: SendRun;
  readonly #failures: LineReceipt[] = [];
  readonly #startedMs = performance.now();
  #areReceiptsBroken = false;
  /** Why the summary could not be written, where it could not. */
  #untold: unknown;
  #unsendableSeen = 0;
  /** Why it ends before everything is settled; the first reason counts. */
  #early: { readonly exitCode: number; readonly reason: string } | undefined;
  #ended: () => void = () => {};
  readonly #isEnded = new Promise<void>((resolve) => (this.#ended = resolve));

  constructor(parts: SendParts) {
    const { client, settings, reporter, receipts } = parts;
    this.#parts = parts;
    this.#watch = new ConnectionWatch(client, settings.to.map(targetName).join(' or '), reporter);
    this.#run = new SendRun({
      client,
      type: settings.type,
      ttlMs: settings.ttl,
      maxBytes: settings.maxMessage,
      kept: parts.input.kept,
      room: () => receipts?.room(),
      settled: (receipt) => this.#settled(receipt),
      unsendable: (line, reason) => this.#unsendable(line, reason),
    });
  }

  /** Sends everything, waits for the receipts, and returns the exit code. */
  async run(): Promise<number> {
    const { client, input, receipts, settings } = this.#parts;
    this.#watchForEnd();
    const stopShowing = this.#show();
    await this.#adopt();
    try {
      await this.#run.sendAll(readLines(input.stream, settings.maxMessage, input.start));
    } catch (error) {
      this.#endEarly(
        EXIT.notDone,
        `${input.name} can not be read: ${String(error)}`,
        settings.drain,
      );
    }
    if (this.#early === undefined) {
      await Promise.race([client.drain().catch(() => {}), this.#isEnded]);
    }
    if (this.#early === undefined) await client.close();
    else await this.#isEnded;
    stopShowing();
    await receipts?.close();
    await this.#tell();
    return this.#exitCode;
  }

  /** What earlier runs have left in the store is to be settled by this one. */
  async #adopt(): Promise<void> {
    const { client, input, reporter } = this.#parts;
    if (input.kept === undefined) return;
    let left = 0;
    for await (const { id, receipt } of client.pending()) {
      this.#run.adopt(lineOfId(id), receipt);
      left += 1;
    }
    const { number } = input.start;
    if (number > 0) {
      const text = `${input.name} goes on at line ${number + 1}`;
      reporter.log('info', 'goesOn', text, { line: number });
    }
    if (left === 0) return;
    const text = `${left} lines of an earlier run are in the store`;
    reporter.log('info', 'leftBefore', text, { lines: left });
  }

  #settled(receipt: LineReceipt): void {
    const isFailure = receipt.outcome !== 'handled';
    if (isFailure && this.#failures.length < NAMED_MAX) this.#failures.push(receipt);
    const { receipts } = this.#parts;
    const written = receipts?.write(new TextEncoder().encode(receiptLine(receipt)));
    written?.catch((error: unknown) => this.#receiptsFailed(error));
  }

  /** The lines go on: they are worth more than the word of them. */
  #receiptsFailed(error: unknown): void {
    if (this.#areReceiptsBroken) return;
    this.#areReceiptsBroken = true;
    const text = `the receipts can not be written any more: ${String(error)}`;
    this.#parts.reporter.log('error', 'receiptsFailed', text);
  }

  #unsendable(line: number, reason: string): void {
    this.#unsendableSeen += 1;
    if (this.#unsendableSeen > NAMED_MAX) return;
    const { input, reporter } = this.#parts;
    const more = this.#unsendableSeen === NAMED_MAX ? ' (further ones are only counted)' : '';
    const text = `${input.name}:${line + 1}: line ${line} is ${reason}${more}`;
    reporter.log('warning', 'unsendable', text, { line, reason });
  }

  /** A signal, the server, or patience may end it before its time. */
  #watchForEnd(): void {
    const { reporter, settings } = this.#parts;
    const { drain, giveUp } = settings;
    onSignal((signal) => {
      const text = `${signal}: no more lines are read, what is in flight has ${drain / 1_000} s`;
      reporter.log('warning', 'signal', text, { signal });
      this.#endEarly(exitCodeOf(signal), signal, drain);
    });
    void this.#watch.over.then((error) => {
      this.#endEarly(exitCodeOfError(error), error.message, 0);
    });
    if (giveUp === undefined) return;
    setInterval(() => {
      if (this.#watch.offlineMs < giveUp) return;
      this.#endEarly(EXIT.notDone, `no connection for ${giveUp / 1_000} s (--give-up)`, 0);
    }, LOOK_EVERY_MS).unref();
  }

  #endEarly(exitCode: number, reason: string, drainMs: number): void {
    if (this.#early !== undefined) return;
    this.#early = { exitCode, reason };
    this.#run.stop();
    this.#parts.input.stream.destroy();
    void this.#parts.client.close({ drainMs }).then(this.#ended);
  }

  /** Shows how far it is, on a terminal; returns how to end that. */
  #show(): () => void {
    const { client, input, reporter } = this.#parts;
    if (!reporter.isTerminal) return () => {};
    const rate = new Rate(RATE_SPAN_MS);
    const show = (): void => {
      const { counts } = this.#run;
      const { bytes = 0 } = input;
      const { inFlight = 0, roundTripMs } = client.stats() ?? {};
      const text = progressText({
        counts,
        fraction: bytes === 0 ? undefined : counts.settledBytes / bytes,
        perSecond: rate.next(counts.settled, performance.now()),
        inFlight,
        roundTripMs,
        connection: this.#watch.text,
      });
      reporter.status(text);
    };
    const timer = setInterval(show, LOOK_EVERY_MS);
    return () => {
      clearInterval(timer);
      show();
      reporter.endStatus();
    };
  }

  async #tell(): Promise<void> {
    const { settings, reporter } = this.#parts;
    const { lines, fields, isGood } = sendSummary({
      counts: this.#run.counts,
      failures: this.#failures,
      tookMs: performance.now() - this.#startedMs,
      resumes: this.#watch.resumes,
      earlyReason: this.#early?.reason,
      isInputRead: this.#run.isInputRead,
    });
    if (settings.json === true) {
      const output = new LineWriter(streamSink(process.stdout));
      await output.writeJson(fields).catch((error: unknown) => (this.#untold = error));
      return;
    }
    for (const text of lines) reporter.log(isGood ? 'info' : 'error', 'end', text);
  }

  get #exitCode(): number {
    if (this.#early !== undefined) return this.#early.exitCode;
    const { handled, lines } = this.#run.counts;
    if (handled !== lines || this.#areReceiptsBroken) return EXIT.notDone;
    return this.#untold === undefined ? EXIT.done : exitCodeUnwritten(this.#untold);
  }
}
