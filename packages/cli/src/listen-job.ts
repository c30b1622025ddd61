import { listen, type HandlerContext, type PeerSession, type Server } from '@wilco/server';
import { CommandStore } from './command-store.ts';
import { serverOptions } from './connection-options.ts';
import { EXIT, exitCodeOf, exitCodeUnwritten, onSignal } from './exit-codes.ts';
import { jsonTextType, onOneLine } from './json-text.ts';
import { LineWriter, sinkOfOption, type LineSink } from './line-writer.ts';
import type { ListenSettings } from './listen-command.ts';
import { targetName, type Target } from './option-values.ts';
import { OutputFile } from './output-file.ts';
import type { Reporter } from './reporter.ts';

/** Lines of one session that may wait for one write together; they are written in their order. */
const SIDE_BY_SIDE = 64;
/** A reader may pause for as long as a person does: that is no failure of the handler. */
const HANDLER_TIMEOUT_MS = 86_400_000;
const CLOSE_BRACE = new TextEncoder().encode('}\n');

/** One run of `wilco listen`. */
export class ListenJob {
  readonly #settings: ListenSettings;
  readonly #place: Target;
  readonly #reporter: Reporter;
  #end: (exitCode: number, drainMs: number) => void = () => {};

  constructor(settings: ListenSettings, place: Target, reporter: Reporter) {
    this.#settings = settings;
    this.#place = place;
    this.#reporter = reporter;
  }

  /** Listens until a signal, or until nothing can be written any more. Returns the exit code. */
  async run(): Promise<number> {
    const ending = new Promise<{ readonly exitCode: number; readonly drainMs: number }>(
      (resolve) => {
        this.#end = (exitCode, drainMs) => resolve({ exitCode, drainMs });
      },
    );
    onSignal((signal) => {
      this.#reporter.log('info', 'signal', `${signal}: no new clients are let in`, { signal });
      this.#end(EXIT.done, this.#settings.drain);
    });
    const options = serverOptions(this.#place, this.#settings);
    const { out, store: folder } = this.#settings;
    const store = folder === undefined ? undefined : await CommandStore.open(folder);
    const file = store && out !== '-' ? await OutputFile.open(out, store) : undefined;
    const writer = new LineWriter(await this.#openSink(), file?.startBytes);
    const server = await listen({
      ...{ ...options, handlerTimeoutMs: HANDLER_TIMEOUT_MS },
      ...(store !== undefined && { store: store.store }),
    });
    for (const type of new Set(this.#settings.type)) {
      const write = async (body: Uint8Array, context: HandlerContext): Promise<void> => {
        const endBytes = await this.#write(writer, body, context);
        if (file !== undefined) context.commit([file.endsAt(endBytes)]);
      };
      server.handle(jsonTextType(type), write, { concurrency: SIDE_BY_SIDE });
    }
    this.#logEvents(server);
    const { exitCode, drainMs } = await ending;
    await server.close({ drainMs });
    await writer.close();
    return exitCode;
  }

  #openSink(): Promise<LineSink> {
    const { out, sync, store } = this.#settings;
    // The position in a store must not be ahead of the file.
    const isSynced = sync === true || store !== undefined;
    return sinkOfOption('--out', out, { isAppended: true, isSynced });
  }

  /**
   * Resolves when the line is written, with the place at which it ends. Where it can't be, the
   * message is never called handled.
   */
  async #write(writer: LineWriter, body: Uint8Array, context: HandlerContext): Promise<number> {
    try {
      return await writer.write(head(context), onOneLine(body), CLOSE_BRACE);
    } catch (error) {
      this.#failed(error);
      // The sender finds out by the end of the session, and keeps the message.
      return new Promise(() => {});
    }
  }

  #failed(error: unknown): void {
    const { out } = this.#settings;
    const exitCode = out === '-' ? exitCodeUnwritten(error) : EXIT.notDone;
    if (exitCode === exitCodeOf('SIGPIPE')) {
      this.#end(exitCode, 0);
      return;
    }
    const name = out === '-' ? 'standard output' : out;
    this.#reporter.log('error', 'writeFailed', `${name} can not be written: ${String(error)}`);
    this.#end(exitCode, 0);
  }

  #logEvents(server: Server): void {
    const { address } = server;
    const at = targetName({ ...address, path: this.#place.path });
    const log = this.#reporter.log.bind(this.#reporter);
    log('info', 'listening', `listening on ${at}`, {
      host: address.host,
      port: address.port,
      path: this.#place.path,
    });
    server.on('session', ({ id, identity }) => {
      const who = identity === undefined ? '' : ` of ${identity}`;
      log('info', 'session', `session ${id}${who} is open`, { session: id, identity });
    });
    server.on('resumed', ({ id }) =>
      log('info', 'resumed', `session ${id} is resumed`, { session: id }),
    );
    const over = new WeakSet<PeerSession>();
    server.on('offline', ({ session, error }) => {
      // The last connection of a session that is over is no news; that is told in the same turn.
      setImmediate(() => {
        if (over.has(session)) return;
        const text = `session ${session.id} lost its connection: ${error.message}`;
        log('info', 'offline', text, { session: session.id, code: error.code });
      });
    });
    server.on('closed', ({ session, error }) => {
      over.add(session);
      const text = `session ${session.id} is over: ${error.message}`;
      log('info', 'closed', text, { session: session.id, code: error.code });
    });
    server.on('stateLost', ({ session, successor, reason }) => {
      const text = `session ${session.id} lost its state (${reason}); ${successor.id} follows it`;
      log('warning', 'stateLost', text, { session: session.id, successor: successor.id, reason });
    });
    server.on('securityEvent', ({ code, remote, session }) =>
      log('warning', 'securityEvent', `${code} from ${remote}`, { code, remote, session }),
    );
  }
}

/** Everything of a line but its body, which follows as it came. */
function head({ sessionId, seq, id, type, isRedelivered, isResent }: HandlerContext): Uint8Array {
  const fields = { session: sessionId, seq, id, type, redelivered: isRedelivered };
  const known = JSON.stringify(isResent ? { ...fields, resent: true } : fields);
  return new TextEncoder().encode(`${known.slice(0, -1)},"body":`);
}
