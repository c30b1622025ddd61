/** The parts of `npm run crash` that say whether something was lost: they must not be wrong. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crashCases, mixed } from './cases.ts';
import { linesFor, verdictOn } from './lines.ts';
import { cutPower, SyncTrace } from './power-cut.ts';

describe('the comparison of what was sent with what arrived', () => {
  const sent = linesFor(4);
  const written = (...places: number[]): string =>
    places.map((place) => `{"seq":1,"body":${sent[place]?.trimEnd()}}\n`).join('');

  test.each([
    ['nothing is wrong', [0, 1, 2, 3], { lost: 0, duplicated: 0, misplaced: 0 }],
    ['a line is lost', [0, 2, 3], { lost: 1, duplicated: 0, misplaced: 0 }],
    ['a line came twice', [0, 1, 2, 2, 3], { lost: 0, duplicated: 1, misplaced: 0 }],
    ['two lines changed places', [0, 2, 1, 3], { lost: 0, duplicated: 0, misplaced: 1 }],
  ])('says that %s', (_sentence, places, verdict) => {
    expect(verdictOn(sent, written(...places))).toEqual(verdict);
  });

  test('calls what nobody sent, and half a line, out of place', () => {
    expect(verdictOn(sent, `${written(0, 1, 2, 3)}{"seq":9,"bo`)).toMatchObject({ misplaced: 1 });
  });
});

describe('a power cut', () => {
  const trace = (...lines: string[]): SyncTrace => new SyncTrace(() => 10).read(lines.join('\n'));
  const sizes = (one: SyncTrace): unknown => one.files.get('/s/a');

  test('leaves what a sync has covered, and what was there before', () => {
    const seen = trace(
      '7 write(3</s/a>, ""..., 100) = 100',
      '8 fdatasync(3</s/a>) = 0',
      '7 writev(3</s/a>, [{}], 1) = 30',
    );
    expect(sizes(seen)).toEqual({ size: 140, syncedSize: 110, roomSize: 0 });
  });

  test('takes what was written while a sync ran, and all of a sync that never returned', () => {
    const seen = trace(
      '7 write(3</s/a>, ""..., 100) = 100',
      '8 fdatasync(3</s/a> <unfinished ...>',
      '7 write(3</s/a>, ""..., 5) = 5',
      '8 <... fdatasync resumed>) = 0',
      '8 fdatasync(3</s/a> <unfinished ...>',
      '8 +++ killed by SIGKILL +++',
    );
    expect(sizes(seen)).toEqual({ size: 115, syncedSize: 110, roomSize: 0 });
  });

  test('does not count calls that failed, and follows a file that is cut short', () => {
    const seen = trace(
      '7 write(3</s/a>, ""..., 100) = -1 ENOSPC (No space left on device)',
      '7 pwrite64(3</s/a>, ""..., 8, 40) = 8',
      '7 ftruncate(3</s/a>, 4) = 0',
    );
    expect(sizes(seen)).toEqual({ size: 4, syncedSize: 4, roomSize: 0 });
  });

  test('leaves zeros of what was written into room in a log, and not synced', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wilco-power-'));
    const log = join(folder, '000005.log');
    const seen = trace(
      `7 openat(AT_FDCWD, "${log}", O_RDWR|O_CREAT|O_TRUNC, 0666) = 3<${log}>`,
      `7 write(3<${log}>, ""..., 10) = 10`,
      `8 openat(AT_FDCWD, "${log}", O_WRONLY|O_APPEND|O_CLOEXEC) = 4<${log}>`,
      `8 writev(4<${log}>, [{}], 1) = 30`,
      `8 fdatasync(4<${log}>) = 0`,
      `7 write(3<${log}>, ""..., 6) = 6`,
    );
    // The log had 10 bytes before all this.
    writeFileSync(log, `${'x'.repeat(26)}${'\0'.repeat(24)}`);
    expect(cutPower(seen, [folder], () => false)).toBe(6);
    expect(readFileSync(log, 'utf8')).toBe(`${'x'.repeat(20)}${'\0'.repeat(30)}`);
    rmSync(folder, { recursive: true });
  });

  test('shortens the files in its places, and no others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wilco-power-'));
    const [log, over, other] = ['log', 'over', 'other'].map((name) => join(folder, name));
    for (const path of [log, over, other]) writeFileSync(path ?? '', 'x'.repeat(20));
    const lines = [log, over, other].map((path) => `7 write(3<${path}>, ""..., 10) = 10`);
    const seen = trace(...lines);
    const lostBytes = cutPower(seen, [log ?? '', over ?? ''], (path) => path === over);
    expect(lostBytes).toBe(10);
    expect(readFileSync(log ?? '', 'utf8')).toHaveLength(10);
    expect(readFileSync(over ?? '', 'utf8')).toHaveLength(20);
    expect(readFileSync(other ?? '', 'utf8')).toHaveLength(20);
    rmSync(folder, { recursive: true });
  });
});

test('the sweep has every call that was counted, in the same order each time', () => {
  const counts = { sender: new Map([['fdatasync', 3]]), receiver: new Map([['rename', 2]]) };
  const cases = crashCases(100, counts, 4_000);
  const names = cases.map(({ name }) => name);
  expect(names).toHaveLength(3 + 3 + 2);
  expect(names).toContain('sender loses power at fdatasync 3');
  expect(names).toContain('receiver is killed at rename 2');
  // So many lines that it comes to the crash, and goes on for a while.
  expect(cases.find(({ name }) => name === 'receiver is killed at rename 1')?.lines).toBe(3_000);
  expect(mixed([...cases].reverse())).toEqual(mixed(cases));
  expect(new Set(mixed(cases))).toEqual(new Set(cases));
});
