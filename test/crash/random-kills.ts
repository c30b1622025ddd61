import { startProxy, type MisbehavingProxy } from '@wilco/testkit/proxy';
import { Conversation } from './conversation.ts';
import type { Side } from './side.ts';

/** What came of a conversation whose processes were killed again and again. */
export interface RandomKillsResult {
  readonly kills: number;
  readonly connections: number;
  readonly networkFaults: number;
  readonly lines: number;
  readonly fault: string | undefined;
}

/** How long a side lives, at most, before it is killed. Milliseconds. */
const LIFE_MAX_MS = 1_500;
/** How long all of it may take, for each kill and for the lines that are left then. Milliseconds. */
const [PATIENCE_A_KILL_MS, PATIENCE_MS] = [4_000, 180_000];

/**
 * One conversation of many lines, in which both sides are killed at random moments while the
 * connection between them is cut, reset and silenced.
 *
 * @param random - From 0 to 1.
 */
export async function runRandomKills(
  main: string,
  kills: number,
  lines: number,
  random: () => number,
): Promise<RandomKillsResult> {
  const passing: MisbehavingProxy[] = [];
  const conversation = await Conversation.prepare(main, lines, async (port) => {
    const target = { host: '127.0.0.1', port };
    const faults = { cutEveryMs: 700, resetEveryMs: 900, stallEveryMs: 1_500, stallForMs: 3_000 };
    const proxy = await startProxy({ target, seed: 1 + Math.floor(random() * 1e9), ...faults });
    passing.push(proxy);
    return proxy.address.port;
  });
  const { sender, receiver } = conversation;
  let done = 0;
  let isSent = false;
  const live = async (side: Side): Promise<number> => {
    for (;;) {
      const death = {
        type: 'time',
        afterMs: 200 + random() * LIFE_MAX_MS,
        isPowerCut: false,
      } as const;
      const { code } = await side.run(done < kills && !isSent ? death : undefined);
      if (code !== undefined) return code;
      done += 1;
    }
  };
  const listening = live(receiver);
  const patience = setTimeout(
    () => {
      isSent = true;
      sender.stop();
    },
    PATIENCE_MS + kills * PATIENCE_A_KILL_MS,
  );
  const code = await live(sender);
  clearTimeout(patience);
  isSent = true;
  receiver.stop();
  await listening;
  const [proxy] = passing;
  const { connections = 0, faults } = proxy?.counts ?? {};
  await proxy?.close();
  const { lost, duplicated, misplaced } = conversation.verdict();
  const isGood = code === 0 && lost + duplicated + misplaced === 0;
  if (isGood) conversation.remove();
  const words = `sender ${code}, lost ${lost}, duplicated ${duplicated}, out of order ${misplaced}`;
  return {
    kills: done,
    connections,
    networkFaults: Object.values(faults ?? {}).reduce((sum, one) => sum + one, 0),
    lines,
    fault: isGood ? undefined : `${words} (${conversation.folder})`,
  };
}
