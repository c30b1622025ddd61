import type { SessionCounters, SessionLoad } from '@wilco/endpoint';
import type { SessionId } from '@wilco/protocol';
import { addCounters, addLoad, NO_COUNTERS, NO_LOAD } from './server-stats.ts';
import type { ServerSession } from './server-session.ts';

/** The sessions of a server, by their ids and by who they belong to. */
export class SessionTable {
  readonly #byId = new Map<SessionId, ServerSession>();
  /** What the sessions that are over have counted. */
  #past = NO_COUNTERS;
  readonly #byIdentity = new Map<string, Set<ServerSession>>();

  get size(): number {
    return this.#byId.size;
  }

  get all(): ServerSession[] {
    return [...this.#byId.values()];
  }

  /** The figures of all sessions, and what those that are over had counted. */
  stats(): SessionCounters & SessionLoad {
    let counters = this.#past;
    let load = NO_LOAD;
    for (const { live } of this.#byId.values()) {
      const stats = live.stats();
      counters = addCounters(counters, stats);
      load = addLoad(load, stats);
    }
    return { ...counters, ...load };
  }

  find(id: SessionId): ServerSession | undefined {
    return this.#byId.get(id);
  }

  /** The newest session of an identity. */
  newestOf(identity: string | undefined): ServerSession | undefined {
    if (identity === undefined) return undefined;
    return [...(this.#byIdentity.get(identity) ?? [])].at(-1);
  }

  add(session: ServerSession): void {
    this.#byId.set(session.id, session);
    const { identity } = session;
    if (identity === undefined) return;
    const sessions = this.#byIdentity.get(identity);
    if (sessions === undefined) this.#byIdentity.set(identity, new Set([session]));
    else sessions.add(session);
  }

  remove(session: ServerSession): void {
    if (this.#byId.delete(session.id)) this.#past = addCounters(this.#past, session.live.stats());
    const { identity } = session;
    if (identity === undefined) return;
    const sessions = this.#byIdentity.get(identity);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byIdentity.delete(identity);
  }
}
