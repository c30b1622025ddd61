import type { Frame } from '@wilco/protocol';
import type { Delivery, HandlerResult, Link } from '@wilco/session';
import type { FrameConnection } from './frame-connection.ts';
import type { EventLog } from './log.ts';
import { loggedSink } from './logged-sink.ts';
import type { SessionDriverOwner } from './owner-calls.ts';
import { SessionDriver } from './session-driver.ts';
import type { SessionDriverSetting } from './session-driver-setting.ts';
import { SessionLog } from './session-log.ts';

/** A driver that writes down what goes in and comes out. Without a log the plain one is used. */
export class LoggedSessionDriver extends SessionDriver {
  readonly #log: SessionLog;
  readonly #clock: SessionDriverSetting['clock'];

  /** @throws {@link WilcoError} `WILCO_OVERLOADED` when the window budget has no room for it. */
  constructor(setting: SessionDriverSetting, owner: SessionDriverOwner, eventLog: EventLog) {
    const { clock, session, contents } = setting;
    const log = new SessionLog(eventLog, session.role, contents);
    super({ ...setting, sinkOf: (sink) => loggedSink(sink, log, clock) }, owner);
    log.driver = this;
    this.#log = log;
    this.#clock = clock;
  }

  override attach(connection: FrameConnection, link: Link): void {
    this.#log.attached(connection.number, this.#clock.nowMs());
    super.attach(connection, link);
  }

  override heard(): void {
    this.#log.heard(this.#clock.nowMs());
    super.heard();
  }

  override receive(frame: Frame): void {
    this.#log.arrived(frame);
    super.receive(frame);
  }

  override handlerFinished(delivery: Delivery, result: HandlerResult): boolean {
    const isInTime = super.handlerFinished(delivery, result);
    this.#log.finished(delivery, result, !isInTime);
    return isInTime;
  }
}
