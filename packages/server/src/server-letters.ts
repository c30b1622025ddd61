import { DeadLetters, type SessionHandle } from '@wilco/endpoint';
import type { SessionId } from '@wilco/protocol';
import type { ServerLifeSetting } from './server-life.ts';

/** The messages of its clients that a server has given up. */
export function serverLetters(
  { options, store, handlers, emit }: ServerLifeSetting,
  handleOf: (session: SessionId) => SessionHandle | undefined,
): DeadLetters {
  return new DeadLetters({
    ...{ role: 'server', clock: options.clock, store, handlers },
    ...{ options: options.session, limits: options.deadLetters, handleOf },
    tell: {
      deadLetter: (letter) => emit('deadLetter', letter),
      handlerFailed: (failure) => emit('handlerFailed', failure),
      lateResult: (result) => emit('lateResult', result),
    },
  });
}
