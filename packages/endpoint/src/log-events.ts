/** How much an entry matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * All that a log may say: its level, and what it means. `debug` is what follows single
 * messages; the rest is rare.
 */
export const LOG_EVENTS = {
  'connection.dialled': ['info', 'the client dials; `remote` says where to'],
  'connection.accepted': ['info', 'a connection came in; `remote` says where from'],
  'connection.step': ['debug', 'a step of the opening or the end: `step`, in the phase `phase`'],
  'connection.failed': [
    'warn',
    'the client could not connect, and tries again: `code`, `detail`; `attempt` counts',
  ],
  'connection.refused': ['warn', 'the server does not let the client in: `code`, `detail`'],
  'connection.ended': ['info', 'the connection is over: `code`, `detail`'],
  'connection.dropped': [
    'warn',
    'the session ended its connection: `code`, `detail`, and the figures behind it: `silentMs`, `oldestUnsettledMs`, `inFlight`, `probes`, `roundTripMs`',
  ],
  'session.opened': ['info', 'a new session is open'],
  'session.resumed': ['info', 'the session goes on, on a new connection'],
  'session.offline': ['warn', 'the session has lost its connection: `code`, `detail`'],
  'session.takenOver': ['warn', 'another client resumed the session'],
  'session.goingAway': ['info', 'the server said that it goes'],
  'session.lost': [
    'error',
    'a side lost its state, `successor` follows: `reason`, and how many messages were `handled`, are `resent`, `inDoubt`, `moved`',
  ],
  'session.closed': ['info', 'the session, or the client, is over: `code`, `detail`'],
  'authentication.failed': [
    'warn',
    'server: `authenticate` gave no answer, so the client was sent away for a while: `remote`; why is in the event `authenticateFailed`',
  ],
  'authentication.notRenewed': [
    'warn',
    'client: fresh credentials were not accepted yet: `code`, `detail`',
  ],
  'security.alert': ['warn', 'somebody did what no honest client does: `code`, `remote`'],
  'message.queued': ['debug', 'sender: it is in the outbox, as durable as the store: `bytes`'],
  'message.transmitted': [
    'debug',
    'sender: it was written to the connection, whole or its first part: `bytes`, `isResent`',
  ],
  'message.continued': [
    'debug',
    'a further part of a large message was written, or came in: `direction`, `offset`, `bytes`',
  ],
  'message.received': ['debug', 'sender: the peer holds it'],
  'message.handled': ['debug', 'sender: it ended as handled'],
  'message.failed': ['warn', 'sender: it ended otherwise: `outcome`, `code`'],
  'message.arrived': [
    'debug',
    'receiver: it came in, whole or its first part: `bytes`, `isResent`',
  ],
  'handler.started': ['debug', 'receiver: its handler runs: `attempt`'],
  'handler.aborted': ['warn', 'receiver: its handler was told to stop: `code`'],
  'handler.finished': ['debug', 'receiver: its handler is done: `outcome`, `code`, `isLate`'],
  'handler.failed': [
    'warn',
    "receiver: its handler threw something else than a Rejection, or its reply can't be encoded; what it was is in the event `handlerFailed`",
  ],
  'message.abandoned': [
    'warn',
    'receiver: handlers were started on it, none finished it, none is started again; a dead letter: `code`, `attempt`',
  ],
  'answer.transmitted': [
    'debug',
    'receiver: how it ended was written to the connection: `outcome`, `code`, `bytes`',
  ],
  'answer.arrived': ['debug', 'sender: how it ended came in: `outcome`, `code`, `bytes`'],
  'ack.transmitted': ['debug', 'what this side holds and has handled was written: `positions`'],
  'ack.arrived': ['debug', 'what the peer holds and has handled came in: `positions`'],
  'probe.transmitted': [
    'debug',
    'an acknowledgement is missed, the peer was asked: `nonce`, `frames`',
  ],
  'probe.arrived': ['debug', 'the peer asks: `nonce`, `frames`'],
  'probe.answered': [
    'debug',
    'the answer to a probe was written, or came in: `direction`, `nonce`, `frames`',
  ],
  'frame.transmitted': ['debug', 'any other frame was written: `frame`'],
  'frame.arrived': ['debug', 'any other frame came in: `frame`'],
} as const satisfies Readonly<Record<string, readonly [LogLevel, string]>>;

/** The name of an entry; `LOG_EVENTS` says what each means. */
export type LogEvent = keyof typeof LOG_EVENTS;
