import type { Client, WilcoError } from '@wilco/client';
import type { Reporter } from './reporter.ts';
import { count, milliseconds, times } from './send-progress.ts';

/** Follows the connection of a client: tells the log what happens to it, and others how it is. */
export class ConnectionWatch {
  /** Resolves when the client is over by itself, and why. */
  readonly over: Promise<WilcoError>;
  readonly #name: string;
  readonly #reporter: Reporter;
  #offlineSinceMs: number | undefined = performance.now();
  #hasBeenOnline = false;
  #resumes = 0;
  #reason = '';

  constructor(client: Client, name: string, reporter: Reporter) {
    this.#name = name;
    this.#reporter = reporter;
    client.on('online', ({ session, isResumed }) => this.#online(session, isResumed));
    client.on('offline', ({ error }) => this.#offline(error));
    client.on('connectFailed', ({ error, retryInMs, attempt }) =>
      this.#failed(error, retryInMs, attempt),
    );
    client.on('stateLost', ({ reason, resent, moved, inDoubt }) => {
      const rest = `${count(moved)} moved, ${count(resent)} sent again, ${count(inDoubt)} in doubt`;
      const text = `the session is lost (${reason}), another follows: ${rest}`;
      reporter.log('warning', 'stateLost', text, { reason, resent, moved, inDoubt });
    });
    this.over = new Promise((resolve) => {
      client.on('closed', ({ error }) => {
        if (error !== undefined) resolve(error);
      });
    });
  }

  /** How often the session went on, on a new connection. */
  get resumes(): number {
    return this.#resumes;
  }

  /** For how long there has been no connection; 0 while there is one. Milliseconds. */
  get offlineMs(): number {
    return this.#offlineSinceMs === undefined ? 0 : performance.now() - this.#offlineSinceMs;
  }

  /** The state of the connection in a few words. */
  get text(): string {
    if (this.#offlineSinceMs === undefined) {
      return this.#resumes === 0 ? 'online' : `online, resumed ${times(this.#resumes)}`;
    }
    const since = milliseconds(this.offlineMs);
    const reason = this.#reason === '' ? '' : `: ${this.#reason}`;
    return `${this.#hasBeenOnline ? 'offline' : 'connecting'} for ${since}${reason}`;
  }

  #failed(error: WilcoError, retryInMs: number, attempt: number): void {
    this.#reason = error.message;
    // A server that is away for an hour shall not fill a log: attempts 1, 2, 4, 8 and so on.
    if ((attempt & (attempt - 1)) !== 0) return;
    const next = retryInMs === 0 ? 'at once' : `in ${milliseconds(retryInMs)}`;
    const text = `not connected (try ${attempt}): ${error.message}; next try ${next}`;
    this.#reporter.log('warning', 'connectFailed', text, { code: error.code, attempt, retryInMs });
  }

  #online(session: string, isResumed: boolean): void {
    const after = this.#hasBeenOnline ? ` after ${milliseconds(this.offlineMs)}` : '';
    this.#offlineSinceMs = undefined;
    this.#hasBeenOnline = true;
    if (isResumed) this.#resumes += 1;
    const text = isResumed ? `resumed${after}` : `connected to ${this.#name}${after}`;
    this.#reporter.log('info', 'online', text, { session, isResumed });
  }

  #offline(error: WilcoError): void {
    this.#offlineSinceMs = performance.now();
    this.#reason = error.message;
    const text = `connection lost: ${error.message}`;
    this.#reporter.log('info', 'offline', text, { code: error.code });
  }
}
