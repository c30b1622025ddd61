import { expect, test } from 'vitest';
import { callTreeOf, selfTimesOf, type CpuProfile } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';

const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 5, 6]),
    node(2, 'flush', 'file:///w/packages/session/src/a.ts', [3, 4]),
    node(3, 'write', 'file:///w/packages/codec/src/b.ts'),
    node(4, 'write', 'file:///w/packages/codec/src/b.ts'),
    node(5, '(idle)', ''),
    node(6, '', 'file:///w/node_modules/.pnpm/ws@8/node_modules/ws/lib/c.js'),
  ],
  samples: [2, 3, 4, 5, 6],
  timeDeltas: [100, 200, 300, 5_000, 400],
};

test('a profile says how long each function took by itself, idle time left out', () => {
  const times = selfTimesOf([callTreeOf(PROFILE)]).filter(({ selfMicros }) => selfMicros > 0);
  expect(times.map(({ name, file, area, selfMicros }) => [name, file, area, selfMicros])).toEqual([
    ['write', 'codec/b.ts', 'codec', 500],
    ['(anonymous)', 'ws/c.js', 'ws', 400],
    ['flush', 'session/a.ts', 'session', 100],
  ]);
});

test('the flame graph has a box for each function below its caller, as wide as it took', () => {
  const svg = flameGraph([{ title: 'a < b', tree: callTreeOf(PROFILE) }]);
  const boxes = [...svg.matchAll(/<title>(.*?)<\/title><rect x="(.*?)" y="(.*?)" width="(.*?)"/g)];
  expect(boxes.map(([, ...parts]) => parts)).toEqual([
    ['flush (session/a.ts): 60.0 %, itself 10.0 %', '0.0', '50.0', '720.0'],
    ['write (codec/b.ts): 50.0 %, itself 50.0 %', '0.0', '67.0', '600.0'],
    ['(anonymous) (ws/c.js): 40.0 %, itself 40.0 %', '720.0', '50.0', '480.0'],
  ]);
  expect(svg).toContain('a &lt; b');
});

function node(id: number, functionName: string, url: string, children: readonly number[] = []) {
  const callFrame = { functionName, url, lineNumber: 1, columnNumber: 1 };
  return { id, callFrame, children };
}
