/**
 * For each option the title of a test in which its value changes what happens. A test holds
 * this table to the option interfaces, and to the titles that there are.
 */
export const OPTION_TESTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SessionOptions: {
    waitMs: 'a silent peer is given up after the wait that was announced',
    heartbeatMs: 'an idle side speaks as often as its heartbeat says',
    ackDelayMs: 'waits for the ack delay, and no longer, while input does not run dry',
    ackMessages: 'leaves as soon as %o says, while input does not run dry: %i of %i bytes',
    ackBytes: 'leaves as soon as %o says, while input does not run dry: %i of %i bytes',
    handlerTimeoutMs:
      'that do not end are aborted, given a grace, and then their message is rejected',
    handlerGraceMs: 'that end in their grace are believed',
    maxAttempts: 'is given up after as many attempts as are allowed: rejected, and a handler ran',
    restoredWaitMs:
      'is handled in any case after a while, marked: the store may have been set back',
    resumeWindowMs:
      'by the end of the resume window settles a server’s messages and keeps a client’s',
    maxMessageBytes:
      'is one too large for the peer: it is rejected without having run, and the next passes',
    outboxMessages: 'fails when the outbox is full, or waits, in order, for as many as may wait',
    outboxBytes: 'has met an outbox that is full of bytes, or a session that takes no more',
    outboxHeadMessages:
      'keeps the payload of the head in memory and of the others only on the disk',
    outboxHeadBytes:
      'keeps no more bytes of its head in memory than it may, and at least one message',
    retentionMs: 'is cancelled or in doubt once the retention is over, as it was written or not',
    settleGraceMs:
      'is in doubt after its time to live and a grace, where the peer never said a word',
    storeTimeoutMs: 'a store that does not answer is given up after its time',
    closeTimeoutMs: 'does not wait longer than its timeout for a peer that does not answer',
    windowMessages: 'of one message lets one pass at a time',
    windowMessagesMax: 'of one message lets one pass at a time',
    windowBytes: 'passes through a window that is smaller than itself, and no window is too small',
    windowBytesMax:
      'passes through a window that is smaller than itself, and no window is too small',
    answerBytes: 'do not start while too many bytes of answers are unacknowledged',
  },
  OpeningOptions: {
    connectTimeoutMs: 'a dial that is not answered is given up after its time',
    helloTimeoutMs: 'has to begin with HELLO, within its time, in four KiB',
    welcomeTimeoutMs: 'that takes too long, or is not answered, is given up and tried again',
    readyTimeoutMs: 'has to be finished by READY within its time',
    frameTimeoutMs: 'gives a frame that was begun its time, and not a moment more for each byte',
    integrity: 'the checksum goes where both sides declare integrity, and stays where one does',
    maxUnsentBytes: 'whose peer does not read is broken, when too much waits for it',
  },
  EndpointOptions: {
    deadLetterMessages: 'is kept within limits: %s',
    deadLetterBytes: 'is kept within limits: %s',
    deadLetterAgeMs: 'is kept within limits: %s',
    store: 'a store that does not answer is given up after its time',
    transport: 'is refused where nobody listens',
    clock: 'an idle side speaks as often as its heartbeat says',
    random: 'is tried again at once, then after a random time below a bound that doubles',
    insecure: 'over a transport that leaves this machine ends the client, unless it is allowed',
    whenSessionLost: 'settles in doubt what may be handled, where that was asked for',
    maxIds: 'is as much as maxIds says: older ones are handled again',
    idAgeMs: 'lasts as long as idAgeMs says',
    idReplyBytes:
      'is replies of as many bytes as idReplyBytes says, and of the others that they were handled',
    windowBudgetBytes: 'a server whose windows take all its memory lets nobody more in',
    channels: 'run no more at once than their channel allows, though their type would',
    log: 'lets one message be followed at both sides, from send to settled, by its id',
  },
  ChannelOptions: {
    weight: 'a channel gets as much of the connection as its weight says',
    isUrgent: 'an urgent channel goes ahead of those that are not',
    concurrency: 'run no more at once than their channel allows, though their type would',
  },
  ClientOptions: {
    addresses: 'are tried in turn, and the wait comes before each round of all',
    wrongServerPatienceMs:
      'is found behind one address that leads to several servers, with patience for that',
    maxKeptReceipts: 'are as many as maxKeptReceipts says, and none is dropped',
    followElsewhere: 'can not send them to a stranger, unless they were allowed to follow',
    credentials: 'shows fresh credentials each time, and tries again when they can not be had',
    tls: 'a server is asked for by its name, and not by its number',
    reconnect: 'the pause between two tries grows from the least to the most that were given',
  },
  ReconnectOptions: {
    minMs: 'the pause between two tries grows from the least to the most that were given',
    maxMs: 'the pause between two tries grows from the least to the most that were given',
    stableAfterMs:
      'a connection that lasted is followed by a try at once, one that did not by a pause',
  },
  ServerOptions: {
    tls: 'that is never begun, or never finished, is ended in time',
    mode: 'has a file for its own user only, or for whom it was said',
    credentialsGraceMs: 'a connection whose credentials ran out lasts as long as its grace: %i ms',
    serverId: 'makes a session, which is reachable from READY on',
    authenticate: 'asks who it is, each time',
    oneSessionPerIdentity: 'by the identity, where each has one, is noticed at once',
    maxSessions: 'beyond the limits is refused for now',
    maxTombstones: 'sends again with the mark where the server remembers as many others as it may',
    tombstoneAgeMs: 'sends again with the mark where the server has forgotten the session',
    maxConnections:
      'a client that is refused is told why, and its connection ends though it goes on holding it',
    maxUnauthenticated: 'beyond the limits is refused for now',
    retrySpreadMs: 'a server that goes spreads the return of its clients over as long as was given',
    outboxBytesTotal: 'room in all outboxes together comes back, whatever became of the messages',
  },
  SendOptions: {
    keepReceipt: 'are kept until they are released, with their replies',
    ttlMs: 'a message that waits for room can expire, be withdrawn, or outlive its client',
    id: 'before the first connection queues, under the ids that they keep',
    channel: 'of different channels do not wait for each other',
    signal: 'a message that waits for room can expire, be withdrawn, or outlive its client',
    writes: 'holds the writes that an application gives with a message together with it',
    whenFull: 'fails when the outbox is full, or waits, in order, for as many as may wait',
  },
  HandleOptions: {
    whenRetried: 'whose handler throws RetryLater waits in its place, or aside, as its type says',
    concurrency: 'run as many at once as their type allows, one of a type that says nothing',
  },
  StatusOptions: {
    waitMs: 'is waited for as long as waitMs says',
    ageMs: 'is never seen where nothing came under the id, and forgotten where it may have',
  },
  ExplainOptions: {
    id: 'is of one message, and of as many as limit says',
    limit: 'is of one message, and of as many as limit says',
    waitMs: 'gives up the word of the peer after waitMs',
  },
  DrainOptions: { signal: 'stops waiting when it is told to, and nothing else stops' },
  CloseOptions: {
    drainMs: 'waits for handlers that run, and settles what is left when its time is over',
  },
};
