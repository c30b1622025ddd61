/** Where one connection of a client is. */
export type ClientConnectionPhase = 'dialling' | 'greeting' | 'storing' | 'open' | 'closed';

/** What moves it. */
export type ClientConnectionEvent =
  | 'opened'
  | 'repeatDue'
  | 'welcomed'
  | 'welcomedAgain'
  | 'refused'
  | 'stored'
  | 'lost'
  | 'broken'
  | 'late'
  | 'released';

/**
 * One connection of a client, from dialling to its end. The diagram in PROTOCOL.md is drawn
 * from this table, and a test tries every pair.
 *
 * `repeatDue`, `welcomedAgain`: only where frames may be lost or repeated. `stored`: the new
 * token is kept, and READY goes out. `lost`: the transport says that it is over. `broken`:
 * the peer broke the protocol, did not finish a frame, or does not read. `late`: a deadline
 * of the opening passed. `released`: this side lets go of it.
 */
export const CLIENT_TRANSITIONS = {
  dialling: { opened: 'greeting', lost: 'closed', late: 'closed', released: 'closed' },
  greeting: {
    repeatDue: 'greeting',
    welcomed: 'storing',
    refused: 'closed',
    lost: 'closed',
    broken: 'closed',
    late: 'closed',
    released: 'closed',
  },
  storing: {
    welcomedAgain: 'storing',
    stored: 'open',
    lost: 'closed',
    broken: 'closed',
    late: 'closed',
    released: 'closed',
  },
  open: {
    repeatDue: 'open',
    welcomedAgain: 'open',
    lost: 'closed',
    broken: 'closed',
    released: 'closed',
  },
  closed: {},
} as const satisfies Record<
  ClientConnectionPhase,
  Partial<Record<ClientConnectionEvent, ClientConnectionPhase>>
>;

/** Where one connection of a server is. */
export type ServerConnectionPhase = 'greeting' | 'deciding' | 'welcoming' | 'open' | 'closed';

/** What moves it. */
export type ServerConnectionEvent =
  | 'helloed'
  | 'helloedAgain'
  | 'decided'
  | 'refused'
  | 'readied'
  | 'readiedAgain'
  | 'lost'
  | 'broken'
  | 'late'
  | 'released';

/**
 * One connection of a server, from its acceptance to its end.
 *
 * `decided`: the client is authenticated, its session found or made, the new token kept, and
 * WELCOME goes out. `helloedAgain`, `readiedAgain`: only where frames may be lost or repeated.
 * The others are those of the client.
 */
export const SERVER_TRANSITIONS = {
  greeting: {
    helloed: 'deciding',
    refused: 'closed',
    lost: 'closed',
    broken: 'closed',
    late: 'closed',
    released: 'closed',
  },
  deciding: {
    helloedAgain: 'deciding',
    decided: 'welcoming',
    refused: 'closed',
    lost: 'closed',
    broken: 'closed',
    late: 'closed',
    released: 'closed',
  },
  welcoming: {
    helloedAgain: 'welcoming',
    readied: 'open',
    lost: 'closed',
    broken: 'closed',
    late: 'closed',
    released: 'closed',
  },
  open: {
    helloedAgain: 'open',
    readiedAgain: 'open',
    lost: 'closed',
    broken: 'closed',
    released: 'closed',
  },
  closed: {},
} as const satisfies Record<
  ServerConnectionPhase,
  Partial<Record<ServerConnectionEvent, ServerConnectionPhase>>
>;

/** The next phase. @throws `TypeError` for an event that has no place here: a bug of the driver. */
export function nextClientPhase(
  phase: ClientConnectionPhase,
  event: ClientConnectionEvent,
): ClientConnectionPhase {
  const row: Partial<Record<ClientConnectionEvent, ClientConnectionPhase>> =
    CLIENT_TRANSITIONS[phase];
  return existing(row[event], phase, event);
}

/** The next phase. @throws `TypeError` for an event that has no place here: a bug of the driver. */
export function nextServerPhase(
  phase: ServerConnectionPhase,
  event: ServerConnectionEvent,
): ServerConnectionPhase {
  const row: Partial<Record<ServerConnectionEvent, ServerConnectionPhase>> =
    SERVER_TRANSITIONS[phase];
  return existing(row[event], phase, event);
}

function existing<Phase>(next: Phase | undefined, phase: string, event: string): Phase {
  if (next !== undefined) return next;
  throw new TypeError(`a connection that is ${phase} can not be ${event}`);
}
