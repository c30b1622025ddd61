import type { WilcoError } from '@wilco/protocol';
import { logError, type EventLog } from './log.ts';

/** Writes down what becomes of one connection, from its beginning to its end. */
export class ConnectionLog {
  /** Counts the connections of the endpoint. */
  readonly number: number;
  readonly #log: EventLog;
  readonly #remote: string;

  constructor(log: EventLog, begun: 'connection.dialled' | 'connection.accepted', remote: string) {
    this.#log = log;
    this.#remote = remote;
    this.number = log.countConnection();
    log.write(begun, { connection: this.number, remote });
  }

  step(phase: string, step: string): void {
    this.#log.write('connection.step', { connection: this.number, phase, step });
  }

  refused(code: string, detail: string): void {
    const { number: connection } = this;
    this.#log.write('connection.refused', { connection, remote: this.#remote, code, detail });
  }

  ended(error: WilcoError): void {
    const { number: connection } = this;
    const fields = { connection, remote: this.#remote, ...logError(error) };
    this.#log.write('connection.ended', fields);
  }
}
