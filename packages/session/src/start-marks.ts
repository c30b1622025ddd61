import type { SessionContext } from './context.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { incomingRecord } from './incoming-records.ts';
import type { ReceiveChannel } from './receive-channel.ts';

/** Goes on starting handlers in a channel. */
interface Starter {
  pump(channel: ReceiveChannel, nowMs: number): void;
}

/**
 * Has the store know of every start before it happens, so that after a crash no message is
 * handled again without its mark.
 *
 * A sync for each start would be too dear. So each commit says *ahead* up to which seq handlers
 * may start until the next one; whatever is below and not handled counts, after a crash, as
 * perhaps started: once. Whatever was redelivered gets a mark of its own, which is kept before each
 * further start. So no start goes uncounted; one that was marked, and did not come before its process
 * died, counts as well, for nobody can tell.
 */
export class StartMarks {
  readonly #context: SessionContext;
  readonly #handling: Starter;
  /** Made by the first suspect. */
  #admit: (() => void) | undefined;
  #isAdmitted = false;
  /** No handler is started any more in this run. */
  #isClosed = false;

  constructor(context: SessionContext, handling: Starter) {
    this.#context = context;
    this.#handling = handling;
  }

  /**
   * Whether a handler may start on the message now. If not, what is missing is ordered, and the
   * channel goes on when it is there.
   */
  allow(channel: ReceiveChannel, message: IncomingMessage): boolean {
    if (this.#context.journal.isVolatile) return true;
    if (message.attempt > 0) return this.#isAlone(message) && this.#isMarked(channel, message);
    if (message.seq < channel.startedBelow) return true;
    if (message.seq >= channel.plannedBelow) this.#wantRecord(channel);
    return false;
  }

  /** Part of a commit: how far handlers may start once it holds. */
  plan(channel: ReceiveChannel): void {
    if (channel.isAnswers) return;
    const { starts, toStart } = channel;
    // What started at once lately may do so again, also where nothing started since the last commit.
    const faded = channel.startsLately - Math.ceil(channel.startsLately / FADING);
    channel.startsLately = Math.max(starts - channel.startsKept, faded);
    // Twice as many: where commits take long, starts soon do not wait.
    const most = toStart + Math.max(1, 2 * channel.startsLately);
    // What is accepted later comes with a commit of its own.
    const ahead = Math.max(channel.plannedBelow, Math.min(most, channel.accepted));
    const below = this.#isClosed ? toStart : ahead;
    channel.plannedBelow = below;
    this.#context.journal.afterwards((nowMs) => {
      channel.startsKept = starts;
      channel.startedBelow = below;
      this.#handling.pump(channel, nowMs);
    });
  }

  /**
   * No handler is started any more in this run, and it ends in peace: the next one is told exactly
   * which were, and that no message brought the process down.
   */
  close(channels: readonly ReceiveChannel[]): void {
    const { journal, setting } = this.#context;
    if (journal.isVolatile) return;
    this.#isClosed = true;
    for (const channel of channels) {
      this.#wantRecord(channel);
      for (const message of channel.running) {
        const record = incomingRecord(setting, message);
        journal.persist({ type: 'putIncoming', record: { ...record, notBeforeWallMs: 0 } });
      }
    }
  }

  /** Whether a suspect of this session has its turn; asked once. */
  takeAdmitted(): boolean {
    const isAdmitted = this.#isAdmitted;
    this.#isAdmitted = false;
    return isAdmitted;
  }

  /** Whether it waits for the end of another message that may bring the process down. */
  isWaitingForOthers(message: IncomingMessage): boolean {
    return this.#context.setting.suspects.isWaiting(message);
  }

  /** The message runs no more, or will not run. */
  leave(message: IncomingMessage): void {
    if (message.isSuspect) this.#context.setting.suspects.leave(message);
  }

  #isAlone(message: IncomingMessage): boolean {
    return !message.isSuspect || this.#context.setting.suspects.enter(message, this.#whenAlone);
  }

  get #whenAlone(): () => void {
    return (this.#admit ??= () => {
      this.#isAdmitted = true;
      this.#context.sink.requestFlush();
    });
  }

  #isMarked(channel: ReceiveChannel, message: IncomingMessage): boolean {
    if (message.mark === 'kept') return true;
    if (message.mark === 'ordered') return false;
    const { journal, setting, sink } = this.#context;
    message.mark = 'ordered';
    const record = incomingRecord(setting, message);
    const attempts = message.attempt + 1;
    journal.persist({
      type: 'putIncoming',
      record: { ...record, attempts, notBeforeWallMs: undefined },
    });
    journal.afterwards((nowMs) => {
      message.mark = 'kept';
      this.#handling.pump(channel, nowMs);
    });
    sink.requestFlush();
    return false;
  }

  #wantRecord(channel: ReceiveChannel): void {
    channel.isRecordDirty = true;
    this.#context.journal.want();
    this.#context.sink.requestFlush();
  }
}

/** What was seen of starts fades by one part in so many with each commit. */
const FADING = 8;
