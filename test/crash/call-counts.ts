import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COUNTED_CALLS, type CallCounts } from './cases.ts';
import { Conversation } from './conversation.ts';

const CALL = /^(\d+) +(\w+)\(/;

/** Watches one conversation without a crash, and counts the calls of each side by thread. */
export async function countCalls(main: string, lines: number): Promise<CallCounts> {
  const counts = { sender: new Map<string, number>(), receiver: new Map<string, number>() };
  for (const victim of ['sender', 'receiver'] as const) {
    const conversation = await Conversation.prepare(main, lines);
    const log = join(conversation.folder, 'calls.log');
    const { sender, receiver } = conversation;
    const watch = { calls: COUNTED_CALLS, log };
    const listening = receiver.run(undefined, victim === 'receiver' ? watch : undefined);
    await sender.run(undefined, victim === 'sender' ? watch : undefined);
    receiver.stop();
    await listening;
    countInto(counts[victim], readFileSync(log, 'utf8'));
    conversation.remove();
  }
  return counts;
}

/** The largest count of each call on any thread: strace counts each thread by itself. */
function countInto(counts: Map<string, number>, log: string): void {
  const byThread = new Map<string, number>();
  for (const line of log.split('\n')) {
    const [, thread, call] = CALL.exec(line) ?? [];
    if (thread === undefined || call === undefined) continue;
    const key = `${thread} ${call}`;
    const count = (byThread.get(key) ?? 0) + 1;
    byThread.set(key, count);
    counts.set(call, Math.max(counts.get(call) ?? 0, count));
  }
}
