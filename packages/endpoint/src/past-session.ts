import { WilcoError, type SessionId } from '@wilco/protocol';
import type { SessionHandle } from './session-handle.ts';

/** A session that is over: what its messages came through, for a handler that is started late. */
export class PastSession implements SessionHandle {
  readonly id: SessionId;
  readonly identity: string | undefined;
  readonly isOnline = false;

  constructor(id: SessionId, identity: string | undefined) {
    this.id = id;
    this.identity = identity;
  }

  send(): never {
    throw over();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  status(): Promise<never> {
    return Promise.reject(over());
  }

  explain(): Promise<never[]> {
    return Promise.resolve([]);
  }

  async *pending(): AsyncGenerator<never> {}

  stats(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

function over(): WilcoError {
  return new WilcoError('WILCO_CLOSED', 'the session of this message is over');
}
