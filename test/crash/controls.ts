import { rmSync } from 'node:fs';
import { bundleCli, type SourceFault } from '../../packages/cli/test/cli-bundle.ts';
import { runCase, type CrashCase, type Victim } from './conversation.ts';

/** A fault that the sweep must notice: else it would notice nothing. */
export interface Control {
  readonly name: string;
  readonly fault: SourceFault;
  /** Cases of which at least one must fail. */
  readonly cases: readonly CrashCase[];
}

export const CONTROLS: readonly Control[] = [
  {
    name: 'syncing is switched off',
    fault: {
      path: 'packages/store/src/level/commit-queue.ts',
      from: '{ sync: isSynced }',
      to: '{ sync: false }',
    },
    cases: [...deaths('sender', 'write', true, 6), ...deaths('receiver', 'write', true, 6)],
  },
  {
    name: 'the mark is not kept with the effect',
    fault: {
      path: 'packages/cli/src/listen-job.ts',
      from: 'context.commit([file.endsAt(endBytes)])',
      to: 'void file.endsAt(endBytes)',
    },
    cases: deaths('receiver', 'fdatasync', false),
  },
  {
    name: 'the position is not kept with the message',
    fault: {
      path: 'packages/cli/src/send-command.ts',
      from: 'writes: [CommandStore.write(`send ${place.path}`, position)]',
      to: 'writes: [CommandStore.write(`lost ${place.path}`, position)]',
    },
    cases: deaths('sender', 'fdatasync', false),
  },
];

/** Tries the controls; returns the names of those that were not noticed. */
export async function runControls(
  controls: readonly Control[],
  lines: number,
): Promise<readonly string[]> {
  const survivors: string[] = [];
  for (const { name, fault, cases } of controls) {
    const bundle = await bundleCli([fault]);
    const found = await firstFault(bundle.main, cases, lines);
    rmSync(bundle.folder, { recursive: true });
    console.log(`${found === undefined ? 'NOT FOUND' : 'found'}: ${name}: ${found ?? ''}`);
    if (found === undefined) survivors.push(name);
  }
  return survivors;
}

async function firstFault(
  main: string,
  cases: readonly CrashCase[],
  lines: number,
): Promise<string | undefined> {
  for (const one of cases) {
    const { fault } = await runCase(main, one, lines);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Deaths in the middle of a conversation: at every so-many-th call. */
function deaths(victim: Victim, call: string, isPowerCut: boolean, every = 1): CrashCase[] {
  return [12, 18, 25, 33].map((count) => {
    return { victim, death: { type: 'call', at: { call, when: count * every }, isPowerCut } };
  });
}
