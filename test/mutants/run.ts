/**
 * Breaks the code on purpose, one fault at a time, and fails where the test that a fault
 * names stays green: `npm run mutants`, or `npm run mutants -- --only A9 --only karn`.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readMutants, type Mutant } from './mutant.ts';
import { Workshop, type RunResult } from './workshop.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');

/** What became of a mutant. Only the first is good. */
type Fate = 'killed' | 'survived' | 'does not apply' | 'proves nothing';

const FATES: Readonly<Record<RunResult, Fate>> = {
  red: 'killed',
  hung: 'killed',
  green: 'survived',
  broken: 'proves nothing',
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '2' },
  },
});

const mutants = readMutants(HERE).filter(({ id }) => values.only?.includes(id) ?? true);
const fates = new Map<Mutant, Fate>();
const tests = [...new Set(mutants.map(({ test }) => test))];

if (mutants.length === 0) throw new Error('there is no such mutant');
process.exitCode = await main();

async function main(): Promise<number> {
  const workshops = Array.from({ length: Number(values.jobs) }, () => new Workshop(ROOT));
  try {
    const [first] = workshops;
    if ((await first?.run(tests)) !== 'green') {
      console.log('The tests fail without a mutant already:', ...tests);
      return 1;
    }
    const waiting = [...mutants];
    await Promise.all(workshops.map((workshop) => work(workshop, waiting)));
  } finally {
    for (const workshop of workshops) workshop.close();
  }
  return summarise();
}

async function work(workshop: Workshop, waiting: Mutant[]): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const fate = await tryOut(workshop, mutant);
    fates.set(mutant, fate);
    console.log(`${fate.padEnd(14)}  ${mutant.id.padEnd(16)}  ${mutant.sentence}`);
  }
}

async function tryOut(workshop: Workshop, mutant: Mutant): Promise<Fate> {
  if (!workshop.patch(mutant.path)) return 'does not apply';
  const result = await workshop.run([mutant.test]);
  if (!workshop.patch(mutant.path, true)) throw new Error(`${mutant.id} can not be taken off`);
  return FATES[result];
}

function summarise(): number {
  const bad = mutants.filter((mutant) => fates.get(mutant) !== 'killed');
  console.log(`\n${String(mutants.length - bad.length)} of ${String(mutants.length)} are killed`);
  for (const { id, test } of bad) console.log(`  ${id}: ${test}`);
  return bad.length === 0 ? 0 : 1;
}
