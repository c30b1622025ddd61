import { mkdirSync, writeFileSync } from 'node:fs';
import { callTreeOf, selfTimesOf } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';
import { profileTableOf, type ProfileFigures } from './profile-table.ts';
import type { Row, TrafficRow } from './rows.ts';
import { Trio } from './trio.ts';

const FOLDER = new URL('.', import.meta.url);
/** How many functions are kept. */
const FUNCTIONS = 60;

/**
 * Where the time of a row goes: a table of functions, and a flame graph in `results/`. Kept,
 * they are those of the page about it.
 */
export async function profileRow(
  peer: string,
  row: Row,
  measureMs: number,
  isKept: boolean,
): Promise<string> {
  if (row.kind !== 'traffic') throw new TypeError(`${row.name} has no traffic`);
  const { figures, svg } = await takeProfile(peer, row, measureMs);
  mkdirSync(new URL('results/', FOLDER), { recursive: true });
  const file = new URL(`results/profile-${row.name}-${peer}.svg`, FOLDER);
  writeFileSync(file, svg);
  if (isKept) {
    writeFileSync(new URL('profile.svg', FOLDER), svg);
    writeFileSync(new URL('profile.json', FOLDER), `${JSON.stringify(figures, undefined, 1)}\n`);
  }
  return `${profileTableOf(figures, FUNCTIONS)}\n${file.pathname}\n`;
}

async function takeProfile(
  peer: string,
  row: TrafficRow,
  measureMs: number,
): Promise<{ figures: ProfileFigures; svg: string }> {
  const trio = await Trio.start(peer, row);
  try {
    await trio.warmUp();
    const processes = { sender: trio.sender, receiver: trio.receiver };
    for (const one of Object.values(processes)) await one.ask('profile', {});
    const { cpuMicros, senderMicros, receiverMicros } = await trio.measure(measureMs);
    const trees = {
      sender: callTreeOf(await processes.sender.ask('profiled', {})),
      receiver: callTreeOf(await processes.receiver.ask('profiled', {})),
    };
    const svg = flameGraph([
      { title: titleOf('sender', senderMicros), tree: trees.sender },
      { title: titleOf('receiver', receiverMicros), tree: trees.receiver },
    ]);
    const functions = selfTimesOf([trees.sender, trees.receiver]);
    const all = functions.reduce((sum, { selfMicros }) => sum + selfMicros, 0);
    const shares = functions.map(({ name, file, area, selfMicros }) => ({
      name,
      file,
      area,
      share: selfMicros / all,
    }));
    return { figures: { peer, title: row.title, cpuMicros, functions: shares }, svg };
  } finally {
    await trio.stop();
  }
}

function titleOf(role: string, micros: number): string {
  return `${role}: ${micros.toFixed(2)} µs of CPU time for a message`;
}
