import type { Store } from '@wilco/store';
import { levelStore } from '@wilco/store/level';
import { Audit, claimsOf } from './audit.ts';
import type { DiskDamage } from '../disk/disk-image.ts';
import {
  DISK_FAULTS,
  VirtualDisk,
  type DiskFaults,
  type DiskSnapshot,
} from '../disk/virtual-disk.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { VirtualProcess } from '../virtual-process.ts';
import { originalOfClone } from './copies.ts';
import type { History } from './history.ts';
import type { Judge } from './judge.ts';
import { observed } from './observed-store.ts';
import { SERVER, type Plan } from './plan.ts';

/** What becomes of a disk when the process of its host dies. */
export type DiskFate = 'kept' | 'wiped' | 'restored' | 'restoredAlone' | DiskDamage;

/** What the disks of a run have to do with. */
export interface DisksSetting {
  readonly plan: Plan;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly history: History;
  readonly judge: Judge;
  readonly count: (what: string) => void;
}

/** One host's disk, and what is known of it from outside. */
interface HostDisk {
  readonly disk: VirtualDisk;
  /** For those who are going to be set back to it. */
  backup: Backup;
  openedAtMs: number;
  /** Since when it has what it was given: it may have been wiped, set back, or damaged. */
  faithfulSinceMs: number;
  /** Nothing of it was ever lost or changed: whatever its store finds wrong with it is a false alarm. */
  isWhole: boolean;
  /** It was set back in a way that its store must see at its next opening. */
  isToBeFound: boolean;
}

interface Backup {
  readonly snapshot: DiskSnapshot;
  readonly takenAtMs: number;
  readonly hadSession: boolean;
}

/** As many audits are enough for one run. */
const AUDITS_MAX = 12;

/** How far the file that knows the newest commit may lag behind: synced once a second, written in turns, on a slow disk. */
const WITNESS_LAG_MS = 1_300;

/** The disks of a run, with the real store on each. They outlive the processes. */
export class Disks {
  readonly #setting: DisksSetting;
  readonly #disks = new Map<string, HostDisk>();
  readonly #audits: Audit[] = [];
  /** What stores are called here, by their ids. */
  readonly #names = new Map<string, string>();
  #isQuiet = false;

  constructor(setting: DisksSetting) {
    this.#setting = setting;
  }

  /** Whether a host keeps what it is given. */
  has(host: string): boolean {
    return this.#disks.has(host) || this.#setting.plan.durable.includes(originalOfClone(host));
  }

  /** Since when the disk of a host has what it was given; 0: always. */
  faithfulSinceMs(host: string): number {
    return this.#disks.get(host)?.faithfulSinceMs ?? 0;
  }

  /** A store for a new process of a host; `undefined` where it keeps nothing. */
  open(host: string, process: VirtualProcess): Store | undefined {
    if (!this.has(host)) return undefined;
    const { clock, plan, random } = this.#setting;
    const found = this.#diskOf(host);
    found.openedAtMs = clock.nowMs();
    const store = levelStore({
      database: found.disk.database(process),
      witness: found.disk.openFile(process),
      clock: process.clock,
      losesDataOnPowerFailure: plan.lazy.includes(originalOfClone(host)),
      // Half of them learn that it is full from a write that fails.
      ...(random.split(`space ${host}`).chance(0.5) && { space: found.disk }),
    });
    const { marks, entries } = this.#setting.history;
    return observed(store, {
      opened: (sessions) => marks.opened(host, sessions),
      commits: (operations) => marks.commits(host, operations, entries.values()),
      told: (damage) => this.#told(host, found, damage),
      nameOf: (storeId) => this.#nameOf(storeId),
    });
  }

  /** What is wrong with the disk of a host from now on. */
  break(host: string, faults: DiskFaults): void {
    const found = this.#disks.get(host);
    if (found !== undefined && !this.#isQuiet) found.disk.faults = faults;
  }

  /** Keeps a copy of each disk, for those who are going to be set back to it. */
  backUp(): void {
    for (const [host, found] of this.#disks) found.backup = this.#backupOf(host, found.disk);
  }

  /** The process of a host died. */
  crash(host: string, how: 'killed' | 'vanished', fate: DiskFate): void {
    const found = this.#disks.get(host);
    if (found === undefined) return;
    const { disk } = found;
    const hadFailed = disk.counts.failedSync + disk.counts.failedWrite > 0;
    disk.crash(how);
    disk.faults = this.#isQuiet ? {} : { writeMs: 5 };
    const isLossy = how === 'vanished' && this.#setting.plan.lazy.includes(originalOfClone(host));
    if (isLossy) this.#setting.count('disk lazy after a loss of power');
    if (isLossy) this.#loseEnd(host, found.openedAtMs);
    if (hadFailed || isLossy || fate !== 'kept') found.isWhole = false;
    if (isLossy || fate !== 'kept') found.faithfulSinceMs = this.#setting.clock.nowMs();
    this.#befall(host, found, fate);
  }

  /**
   * Writes down what would be on the disk of a host after the end of its process at this moment,
   * and, where its store claims to survive that, after a loss of power; and what must be there.
   */
  audit(host: string): void {
    const found = this.#disks.get(host);
    if (found === undefined || this.#audits.length >= AUDITS_MAX) return;
    const { history, clock, plan } = this.#setting;
    const how = plan.lazy.includes(originalOfClone(host)) ? 'killed' : 'vanished';
    const { isWhole, faithfulSinceMs } = found;
    const atMs = clock.nowMs();
    // Of others there may be a copy that has no mark.
    const entries = [...history.entries.values()].filter(
      (entry) => !history.copies.isOfNamelessCopy(entry),
    );
    const claims = claimsOf({ host, history, plan, atMs, faithfulSinceMs });
    this.#setting.count('audit');
    for (const { promised } of claims) this.#setting.count(`audit ${promised}`);
    this.#audits.push(
      new Audit({
        host,
        atMs,
        disk: found.disk,
        how,
        claims,
        isWhole,
        entries,
      }),
    );
  }

  /** Opens what was written down, and compares. */
  async judgeAudits(): Promise<void> {
    for (const audit of this.#audits) {
      for (const what of await audit.run()) {
        this.#setting.judge.blame(audit.atMs, 'durability', what);
      }
    }
  }

  /** Another host gets a copy of a disk. `false`: there is nothing to copy. */
  clone(from: string, to: string): boolean {
    const found = this.#disks.get(from);
    if (found === undefined) return false;
    const { history, clock } = this.#setting;
    const disk = found.disk.clone();
    const backup = this.#backupOf(from, disk);
    this.#disks.set(to, {
      disk,
      backup,
      openedAtMs: clock.nowMs(),
      faithfulSinceMs: Infinity,
      isWhole: false,
      isToBeFound: false,
    });
    history.copies.cloned(from, { atMs: clock.nowMs(), hadSession: history.isOnline(from) });
    return true;
  }

  /** From now on nothing is wrong any more; what happened stays as it is. */
  becomeQuiet(): void {
    this.#isQuiet = true;
    for (const { disk } of this.#disks.values()) disk.faults = {};
  }

  /** How often each fault happened. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const fault of DISK_FAULTS) {
      let sum = 0;
      for (const { disk } of this.#disks.values()) sum += disk.counts[fault];
      counts.set(fault, sum);
    }
    return counts;
  }

  #befall(host: string, found: HostDisk, fate: DiskFate): void {
    const { disk, backup } = found;
    switch (fate) {
      case 'kept':
        return;
      case 'wiped':
        found.isToBeFound = false;
        disk.wipe();
        return;
      case 'restored':
        found.isToBeFound = false;
        this.#setBack(host, backup);
        disk.restore(backup.snapshot, true);
        return;
      case 'restoredAlone':
        found.isToBeFound = disk.writtenAtMs.some(
          (atMs) => atMs > backup.takenAtMs && atMs < this.#setting.clock.nowMs() - WITNESS_LAG_MS,
        );
        // Where its store finds out, its session is lost by name.
        this.#setBack(host, { ...backup, hadSession: backup.hadSession || found.isToBeFound });
        disk.restore(backup.snapshot, false);
        return;
      default:
        // Of what was written last no witness may know yet.
        this.#loseEnd(host, this.#setting.clock.nowMs() - WITNESS_LAG_MS);
        this.#setting.history.copies.damaged(host, this.#setting.clock.nowMs());
        disk.damage(fate);
    }
  }

  /** It is set back to a copy; whether its store can see that is another matter. */
  #setBack(host: string, { takenAtMs, hadSession }: Omit<Backup, 'snapshot'>): void {
    const endedAtMs = this.#setting.clock.nowMs();
    this.#setting.history.copies.setBack({ host, takenAtMs, endedAtMs, hadSession });
  }

  /** It loses what was written last, since some moment after this one. */
  #loseEnd(host: string, takenAtMs: number): void {
    const endedAtMs = this.#setting.clock.nowMs();
    const { history } = this.#setting;
    const hadSession = host === SERVER || history.hadSession(host, takenAtMs);
    const lost = { host, takenAtMs, takenUntilMs: endedAtMs, endedAtMs, hadSession };
    history.copies.setBack(lost);
  }

  #told(host: string, found: HostDisk, details: readonly string[]): void {
    const { judge, clock, history } = this.#setting;
    if (details.length > 0) history.copies.seen(host);
    if (found.isToBeFound && details.length === 0) {
      judge.blame(clock.nowMs(), 'durability', `${host} does not see that its disk was set back`);
    }
    found.isToBeFound = false;
    for (const detail of details) this.#setting.count(`damage ${detail.split(':')[0]}`);
    if (details.length === 0 || !found.isWhole) return;
    judge.blame(clock.nowMs(), 'integrity', `${host} finds damage where none is: ${details[0]}`);
  }

  #nameOf(storeId: string): string {
    const name = this.#names.get(storeId) ?? `store ${String(this.#names.size + 1)}`;
    this.#names.set(storeId, name);
    return name;
  }

  #diskOf(host: string): HostDisk {
    let found = this.#disks.get(host);
    if (found === undefined) {
      const { clock, random } = this.#setting;
      const isSlow = random.split(`disk ${host}`).chance(0.5);
      const disk = new VirtualDisk({
        clock,
        random: random.split(`store ${host}`),
        faults: isSlow ? { writeMs: 10, syncMs: 20, openMs: 20, readMs: 2 } : {},
      });
      const backup = this.#backupOf(host, disk);
      found = {
        disk,
        backup,
        openedAtMs: clock.nowMs(),
        faithfulSinceMs: 0,
        isWhole: true,
        isToBeFound: false,
      };
      this.#disks.set(host, found);
    }
    return found;
  }

  #backupOf(host: string, disk: VirtualDisk): Backup {
    const { history, clock } = this.#setting;
    return {
      snapshot: disk.snapshot(),
      takenAtMs: clock.nowMs(),
      hadSession: host === SERVER || history.isOnline(host),
    };
  }
}
