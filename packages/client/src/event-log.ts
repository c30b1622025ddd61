import { logError, type EventLog } from '@wilco/endpoint';
import type { ClientEvents } from './events.ts';

/** Writes the events of a client's life into its log. */
export function logEvent<Name extends keyof ClientEvents>(
  log: EventLog,
  name: Name,
  value: ClientEvents[Name],
): void {
  const event = { [name]: value } as Partial<ClientEvents>;
  const { online, offline, connectFailed, stateLost, closed, handlerFailed } = event;
  const { renewalFailed } = event;
  if (online !== undefined) {
    const { session, isResumed } = online;
    log.write(isResumed ? 'session.resumed' : 'session.opened', { session });
  } else if (offline !== undefined) log.write('session.offline', logError(offline.error));
  else if (connectFailed !== undefined) {
    const { error, attempt } = connectFailed;
    log.write('connection.failed', { ...logError(error), attempt });
  } else if (stateLost !== undefined) log.write('session.lost', stateLost);
  else if (closed !== undefined) log.write('session.closed', logError(closed.error));
  else if (renewalFailed !== undefined) {
    log.write('authentication.notRenewed', logError(renewalFailed.error));
  } else if (handlerFailed !== undefined) {
    const { type, id } = handlerFailed;
    log.write('handler.failed', { type, id });
  }
}
