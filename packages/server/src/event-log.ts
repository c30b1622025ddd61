import { logError, type EventLog } from '@wilco/endpoint';
import type { ServerEvents } from './events.ts';

/** Writes the events of a server's life into its log. */
export function logEvent<Name extends keyof ServerEvents>(
  log: EventLog,
  name: Name,
  value: ServerEvents[Name],
): void {
  const event = { [name]: value } as Partial<ServerEvents>;
  const { session, resumed, offline, stateLost, closed, securityEvent, handlerFailed } = event;
  const { authenticateFailed } = event;
  if (session !== undefined) log.write('session.opened', { session: session.id });
  else if (resumed !== undefined) log.write('session.resumed', { session: resumed.id });
  else if (offline !== undefined) {
    log.write('session.offline', { session: offline.session.id, ...logError(offline.error) });
  } else if (stateLost !== undefined) {
    const { reason, resent, inDoubt, moved } = stateLost;
    const [lost, successor] = [stateLost.session.id, stateLost.successor.id];
    log.write('session.lost', { session: lost, successor, reason, resent, inDoubt, moved });
  } else if (closed !== undefined) {
    log.write('session.closed', { session: closed.session.id, ...logError(closed.error) });
  } else if (securityEvent !== undefined) {
    const { code, session: asked, remote } = securityEvent;
    log.write('security.alert', { session: asked, code, remote });
  } else if (authenticateFailed !== undefined) {
    const { session: asked, remote } = authenticateFailed;
    log.write('authentication.failed', { session: asked, remote });
  } else if (handlerFailed !== undefined) {
    const { type, id, session: of } = handlerFailed;
    log.write('handler.failed', { session: of.id, type, id });
  }
}
