import { BytePipe } from './byte-pipe.ts';
import { DatagramPipe } from './datagram-pipe.ts';
import type { FaultCounts } from './fault-counts.ts';
import type { LinkFate, LinkFaults, Path } from './link-faults.ts';
import type { Pipe, PipeSetting } from './pipe.ts';
import type { SeededRandom } from './seeded-random.ts';
import { VirtualConnection, type ConnectionLink, type RemotePlace } from './virtual-connection.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** Reads along, for those who want to show what happened. */
export interface LinkObserver {
  /** A process wrote bytes; what becomes of them is another matter. */
  wrote(link: number, from: string, to: string, bytes: Uint8Array, isReliable: boolean): void;
  /** Something befell a link. */
  happened(link: number, what: string): void;
}

/** What a link is made of. */
export interface LinkSetting {
  readonly number: number;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly isReliable: boolean;
  readonly faults: LinkFaults;
  readonly counts: FaultCounts;
  /** Whether a newer link between the same two hosts exists. */
  readonly isOutdated: () => boolean;
  readonly observer: LinkObserver | undefined;
}

/** One side of a link. */
interface LinkEnd {
  readonly connection: VirtualConnection;
  /** From this side to the other. */
  readonly pipe: Pipe;
  writtenBytes: number;
}

/**
 * A connection between two processes, both ends and everything between. Misbehaves as
 * its faults say, and as a test tells it to.
 */
export class VirtualLink implements ConnectionLink {
  readonly number: number;
  readonly isReliable: boolean;
  readonly dialler: VirtualConnection;
  readonly acceptor: VirtualConnection;
  readonly faults: LinkFaults;
  readonly #setting: LinkSetting;
  readonly #up: LinkEnd;
  readonly #down: LinkEnd;
  #fate: LinkFate | undefined;
  #isOver = false;

  constructor(
    setting: LinkSetting,
    from: RemotePlace & { readonly process: VirtualProcess },
    to: RemotePlace & { readonly process: VirtualProcess },
  ) {
    this.#setting = setting;
    this.number = setting.number;
    this.isReliable = setting.isReliable;
    this.faults = setting.faults;
    this.#fate = setting.faults.fate;
    this.dialler = new VirtualConnection(this, from.process, to);
    this.acceptor = new VirtualConnection(this, to.process, from);
    this.#up = this.#end(this.dialler, this.acceptor, 'up');
    this.#down = this.#end(this.acceptor, this.dialler, 'down');
  }

  /** Whether nobody will hear of it any more, apart from the late. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it for both sides; what is on the way is lost. With `lateMs`, the accepting side gets it so much later, and only then hears of the end. */
  cut(lateMs = 0): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#setting.counts.count('cut');
    this.#tell(lateMs > 0 ? `is cut; one side hears of it ${lateMs} ms later` : 'is cut');
    this.#countMidFrame();
    this.#down.pipe.stop();
    this.#farewell(0, 'the connection was cut');
    if (lateMs > 0) this.#deliverLate(lateMs);
    else {
      this.#up.pipe.stop();
      this.#farewell(1, 'the connection was cut');
    }
  }

  /** Ends it for both sides with an error; what was not read is lost. */
  reset(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#setting.counts.count('reset');
    this.#tell('is reset');
    this.#countMidFrame();
    this.#up.pipe.stop();
    this.#down.pipe.stop();
    for (const { connection } of [this.#up, this.#down]) {
      connection.stopWriting();
      connection.report(['failed', 'closed'], 'ECONNRESET');
    }
  }

  /** From now on bytes are swallowed, and nobody is told. */
  blackHole(path: Path): void {
    const fault = { up: 'blackHoleUp', down: 'blackHoleDown', both: 'blackHoleBoth' } as const;
    this.#setting.counts.count(fault[path]);
    this.#tell(`is a black hole: ${path}`);
    if (path !== 'down') this.#up.pipe.swallow();
    if (path !== 'up') this.#down.pipe.swallow();
  }

  /** One direction ends; the other lives. */
  halfClose(path: 'up' | 'down'): void {
    const [from, to] = path === 'up' ? [this.#up, this.#down] : [this.#down, this.#up];
    this.#setting.counts.count('halfClose');
    this.#tell(`is half closed: ${path}`);
    from.connection.stopWriting();
    from.pipe.end(() => to.connection.report(['ended'], ''));
  }

  /** Swallows one whole frame, after `afterFrames` more. */
  eatFrame(path: 'up' | 'down', afterFrames = 0): void {
    const { pipe } = path === 'up' ? this.#up : this.#down;
    if (pipe instanceof BytePipe) pipe.eatFrame(afterFrames);
  }

  /** The process of one side died. `killed`: the system says so to the other; `vanished`: nobody does. */
  orphan(process: VirtualProcess, how: 'killed' | 'vanished'): void {
    for (const end of [this.#up, this.#down]) {
      if (end.connection.process !== process) continue;
      end.pipe.dropUnsent();
      if (how === 'vanished') {
        this.#up.pipe.swallow();
        this.#down.pipe.swallow();
      } else {
        this.#endFor(end);
      }
    }
  }

  unsentBytes(from: VirtualConnection): number {
    return this.#endOf(from).pipe.unsentBytes;
  }

  written(from: VirtualConnection, bytes: Uint8Array): void {
    const end = this.#endOf(from);
    const to = this.#otherOf(end).connection;
    this.#setting.observer?.wrote(
      this.number,
      to.remoteHost,
      from.remoteHost,
      bytes,
      this.isReliable,
    );
    const fate = this.#fate;
    const isFated = fate !== undefined && (end === this.#up) === (fate.path !== 'down');
    const room = isFated ? Math.max(0, fate.afterBytes - end.writtenBytes) : Infinity;
    end.writtenBytes += bytes.length;
    if (fate === undefined || room >= bytes.length) {
      end.pipe.write(bytes);
      return;
    }
    this.#fate = undefined;
    if (fate.kind === 'blackHole') {
      end.pipe.write(bytes);
      this.blackHole(fate.path);
      return;
    }
    const { clock, faults } = this.#setting;
    if (fate.lateMs > 0) this.#up.pipe.holdUntil(clock.nowMs() + faults.up.latencyMs + fate.lateMs);
    if (this.isReliable && room > 0) end.pipe.write(bytes.slice(0, room));
    from.stopWriting();
    // What was written until now gets its chance to arrive.
    clock.schedule(clock.nowMs() + faults.up.latencyMs, () => this.#befall(fate));
  }

  ended(from: VirtualConnection): void {
    const end = this.#endOf(from);
    const other = this.#otherOf(end);
    end.pipe.end(() => other.connection.report(['ended'], ''));
  }

  destroyed(from: VirtualConnection): void {
    const end = this.#endOf(from);
    from.report(['closed'], '');
    this.#otherOf(end).pipe.stop();
    end.pipe.dropUnsent();
    this.#endFor(end);
  }

  #end(from: VirtualConnection, to: VirtualConnection, path: 'up' | 'down'): LinkEnd {
    const { clock, random, counts, faults } = this.#setting;
    const setting: PipeSetting = {
      clock,
      counts,
      random: random.split(path),
      faults: faults[path],
      reader: to,
    };
    const pipe = this.isReliable ? new BytePipe(setting) : new DatagramPipe(setting);
    return { connection: from, pipe, writtenBytes: 0 };
  }

  #endOf(connection: VirtualConnection): LinkEnd {
    return connection === this.dialler ? this.#up : this.#down;
  }

  #otherOf(end: LinkEnd): LinkEnd {
    return end === this.#up ? this.#down : this.#up;
  }

  #tell(what: string): void {
    this.#setting.observer?.happened(this.number, what);
  }

  #befall(fate: LinkFate): void {
    if (this.#isOver) return;
    if (fate.kind === 'cut') this.cut(fate.lateMs);
    else if (fate.kind === 'reset') this.reset();
    else this.halfClose(fate.path === 'down' ? 'down' : 'up');
  }

  /** One side is gone: the other hears of it after what is on the way. */
  #endFor(end: LinkEnd): void {
    this.#isOver = true;
    const other = this.#otherOf(end);
    const index = other === this.#up ? 0 : 1;
    end.pipe.end(() => this.#farewell(index, 'the peer went away'));
  }

  #countMidFrame(): void {
    const isMid = [this.#up, this.#down].some(
      ({ pipe }) => pipe instanceof BytePipe && !pipe.isAtBoundary,
    );
    if (isMid) this.#setting.counts.count('cutMidFrame');
  }

  #deliverLate(lateMs: number): void {
    const { clock, counts, isOutdated } = this.#setting;
    this.#up.pipe.holdUntil(clock.nowMs() + lateMs);
    this.acceptor.stopWriting();
    this.#up.pipe.end(() => {
      if (isOutdated()) counts.count('lateBytes');
      this.#farewell(1, 'the connection was cut');
    });
  }

  #farewell(index: 0 | 1, reason: string): void {
    const { connection } = index === 0 ? this.#up : this.#down;
    const farewell = this.faults.farewells[index];
    if (farewell.join() !== 'ended,closed') this.#setting.counts.count('oddFarewell');
    connection.stopWriting();
    connection.report(farewell, reason);
  }
}
