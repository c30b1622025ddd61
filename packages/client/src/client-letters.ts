import { DeadLetters, type LiveSession, type StoreDriver } from '@wilco/endpoint';
import type { ClientLifeSetting } from './client-life.ts';

/** The messages of the server that a client has given up. */
export function clientLetters(
  setting: ClientLifeSetting,
  store: StoreDriver,
  session: () => LiveSession | undefined,
): DeadLetters {
  const { options, handlers, handle } = setting;
  return new DeadLetters({
    ...{ role: 'client', clock: options.clock, store, handlers },
    ...{ options: options.session, limits: options.deadLetters },
    tell: {
      deadLetter: (letter) => setting.emit('deadLetter', letter),
      handlerFailed: (failure) => setting.emit('handlerFailed', failure),
      lateResult: (result) => setting.emit('lateResult', result),
    },
    handleOf: (id) => (session()?.sessionId === id ? handle : undefined),
  });
}
