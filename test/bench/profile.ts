import { mkdirSync, writeFileSync } from 'node:fs';
import { callTreeOf, selfTimesOf } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';
import type { Row } from './rows.ts';
import { Trio } from './trio.ts';

const RESULTS = new URL('results/', import.meta.url);
/** How many functions the table has. */
const FUNCTIONS = 40;

/** Where the time of a row goes: a table of functions, and a flame graph in `results/`. */
export async function profileRow(peer: string, row: Row, measureMs: number): Promise<string> {
  if (row.kind !== 'traffic') throw new TypeError(`${row.name} has no traffic`);
  const trio = await Trio.start(peer, row);
  try {
    await trio.warmUp();
    const processes = { sender: trio.sender, receiver: trio.receiver };
    for (const one of Object.values(processes)) await one.ask('profile', {});
    const { cpuMicros, senderMicros, receiverMicros } = await trio.measure(measureMs);
    const parts = { sender: senderMicros, receiver: receiverMicros };
    const flames = [];
    for (const [role, one] of Object.entries(processes)) {
      const tree = callTreeOf(await one.ask('profiled', {}));
      const micros = parts[role as keyof typeof parts].toFixed(2);
      flames.push({ title: `${role}: ${micros} µs of CPU time for a message`, tree });
    }
    mkdirSync(RESULTS, { recursive: true });
    const file = new URL(`profile-${row.name}-${peer}.svg`, RESULTS);
    writeFileSync(file, flameGraph(flames));
    const head = `${row.title}: ${peer}, ${cpuMicros.toFixed(2)} µs of CPU time for a message`;
    const trees = flames.map(({ tree }) => tree);
    return `${head}\n\n${selfTable(selfTimesOf(trees), cpuMicros)}\n${file.pathname}\n`;
  } finally {
    await trio.stop();
  }
}

function selfTable(functions: ReturnType<typeof selfTimesOf>, cpuMicros: number): string {
  const all = functions.reduce((sum, { selfMicros }) => sum + selfMicros, 0);
  const lines = functions.slice(0, FUNCTIONS).map(({ name, file, selfMicros }) => {
    const share = selfMicros / all;
    const nanos = share * cpuMicros * 1_000;
    return `${(share * 100).toFixed(1).padStart(5)} % ${nanos.toFixed(0).padStart(6)} ns  ${name.padEnd(32)} ${file}`;
  });
  return `${lines.join('\n')}\n`;
}
