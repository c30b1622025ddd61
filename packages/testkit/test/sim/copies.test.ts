import { describe, expect, test } from 'vitest';
import { Copies } from '../../src/sim/copies.ts';
import type { Entry, Start } from '../../src/sim/history.ts';

const SET_BACK = { host: 'client 1', takenAtMs: 100, endedAtMs: 200, hadSession: true };

describe('a sender that was set back', () => {
  test('can not know of another copy, where its session had no name yet', () => {
    const copies = new Copies();
    copies.setBack({ ...SET_BACK, hadSession: false });
    expect(copies.isOfNamelessCopy(entry({ sentAtMs: 50 }))).toBe(true);
    expect(copies.isOfNamelessCopy(entry({ sentAtMs: 150 }))).toBe(false);
    expect(copies.isOfNamelessCopy(entry({ sentAtMs: 50, from: 'client 2' }))).toBe(false);
  });

  test('marks what it sends again, where its session had a name', () => {
    const copies = new Copies();
    copies.setBack(SET_BACK);
    expect(copies.isOfNamelessCopy(entry({ sentAtMs: 50 }))).toBe(false);
  });

  test('sends again what had ended after the copy was taken, and nothing else', () => {
    const copies = new Copies();
    copies.setBack(SET_BACK);
    const [later, tooEarly] = [start({ atMs: 300 }), start({ atMs: 150 })];
    expect(copies.isUntold(entry({ sentAtMs: 50, settledAtMs: 150 }), later)).toBe(true);
    expect(copies.isUntold(entry({ sentAtMs: 50, settledAtMs: 150 }), tooEarly)).toBe(false);
    expect(copies.isUntold(entry({ sentAtMs: 50, settledAtMs: 90 }), later)).toBe(false);
    expect(copies.isUntold(entry({ sentAtMs: 120, settledAtMs: 150 }), later)).toBe(false);
  });

  test('by an unknown while sends again also what was sent in it', () => {
    const copies = new Copies();
    copies.setBack({ ...SET_BACK, takenUntilMs: 200 });
    const later = start({ atMs: 300 });
    expect(copies.isUntold(entry({ sentAtMs: 120, settledAtMs: 150 }), later)).toBe(true);
    expect(copies.isUntold(entry({ sentAtMs: 50, settledAtMs: 90 }), later)).toBe(false);
  });
});

describe('a receiver that was set back', () => {
  test('can not know what it started after the copy was taken', () => {
    const copies = new Copies();
    copies.setBack(SET_BACK);
    expect(copies.isForgotten(start({ host: 'client 1', atMs: 150 }))).toBe(true);
    expect(copies.isForgotten(start({ host: 'client 1', atMs: 90 }))).toBe(false);
    expect(copies.isForgotten(start({ host: 'client 1', atMs: 250 }))).toBe(false);
    expect(copies.isForgotten(start({ host: 'server', atMs: 150 }))).toBe(false);
  });

  test('may start again, unmarked, what its sender knows nothing of either, unless its store saw it', () => {
    const copies = new Copies();
    copies.setBack({ ...SET_BACK, host: 'server' });
    const again = start({ atMs: 300 });
    const sent = { sentAtMs: 120, starts: [start({ atMs: 150 })] };
    expect(copies.isForgottenByAll(entry(sent), again)).toBe(true);
    const told = { ...sent, receivedAtMs: 180 };
    expect(copies.isForgottenByAll(entry(told), again)).toBe(false);
    expect(copies.isForgottenByAll(entry({ ...told, sentAtMs: 90 }), again)).toBe(true);
    expect(copies.isForgottenByAll(entry({ ...sent, starts: [start({ atMs: 90 })] }), again)).toBe(
      false,
    );
    copies.setBack({ ...SET_BACK, takenUntilMs: 200 });
    expect(copies.isForgottenByAll(entry(told), again)).toBe(true);
    copies.seen('server');
    copies.ended('client 1', 190);
    expect(copies.isForgottenByAll(entry(sent), again)).toBe(false);
  });

  test('is excused by a mark alone', () => {
    const copies = new Copies();
    copies.setBack(SET_BACK);
    const again = { host: 'client 1', atMs: 250 };
    expect(copies.isMarkedByWayOfCaution(start({ ...again, isRedelivered: true }))).toBe(true);
    expect(copies.isMarkedByWayOfCaution(start(again))).toBe(false);
    expect(copies.isMarkedByWayOfCaution(start({ isRedelivered: true }))).toBe(false);
  });
});

test('a sender whose disk was damaged sends again what had ended before, marked', () => {
  const copies = new Copies();
  copies.damaged('client 1', 200);
  const again = start({ atMs: 300, isResent: true });
  expect(copies.isOfDamage(entry({ settledAtMs: 150 }), again)).toBe(true);
  expect(copies.isOfDamage(entry({ settledAtMs: 250 }), again)).toBe(false);
  expect(copies.isOfDamage(entry({ settledAtMs: 150 }), start({ atMs: 300 }))).toBe(false);
});

describe('what a host holds', () => {
  test('may be used elsewhere once it was set back, or copied', () => {
    const copies = new Copies();
    expect(copies.mayBeUsedElsewhere('client 1', 500)).toBe(false);
    copies.setBack(SET_BACK);
    expect(copies.mayBeUsedElsewhere('client 1', 150)).toBe(false);
    expect(copies.mayBeUsedElsewhere('client 1', 500)).toBe(true);
    copies.cloned('client 2', { atMs: 100, hadSession: true });
    expect(copies.mayBeUsedElsewhere('client 2 clone', 500)).toBe(true);
  });
});

describe('a clone', () => {
  test('sends what it found in the copy, in sessions that it was in', () => {
    const copies = new Copies();
    copies.cloned('client 1', { atMs: 100, hadSession: true });
    copies.owns('client 1', 's');
    copies.owns('client 1 clone', 't');
    expect(copies.isOfClone(entry({ sentAtMs: 50 }), start({ session: 't' }))).toBe(true);
    expect(copies.isOfClone(entry({ sentAtMs: 50 }), start({ session: 's' }))).toBe(false);
    expect(copies.isOfClone(entry({ sentAtMs: 150 }), start({ session: 't' }))).toBe(false);
  });

  test('may start what its original has started since, and not what that had started before', () => {
    const copies = new Copies();
    copies.cloned('server', { atMs: 100, hadSession: true });
    const again = start({ host: 'server clone' });
    expect(
      copies.isOfOtherClone(entry({ sentAtMs: 50, starts: [start({ atMs: 150 })] }), again),
    ).toBe(true);
    for (const [sentAtMs, atMs] of [
      [50, 90],
      [120, 150],
    ] as const) {
      const one = entry({ sentAtMs, starts: [start({ atMs })] });
      expect(copies.isOfOtherClone(one, again)).toBe(false);
    }
  });

  test('and its original know nothing of what the other starts', () => {
    const copies = new Copies();
    copies.cloned('client 1', { atMs: 100, hadSession: true });
    expect(copies.isElsewhere(start({ host: 'client 1 clone', atMs: 150 }))).toBe(true);
    expect(copies.isElsewhere(start({ host: 'client 1', atMs: 150 }))).toBe(true);
    expect(copies.isElsewhere(start({ host: 'client 1', atMs: 50 }))).toBe(false);
    expect(copies.isElsewhere(start({ host: 'client 2', atMs: 150 }))).toBe(false);
  });
});

function entry(given: Partial<Entry> & { readonly from?: string }): Entry {
  const { from = 'client 1', ...rest } = given;
  const untold = { settledAtMs: Infinity, receivedAtMs: Infinity };
  return { message: { from, to: 'server' }, starts: [], ...untold, ...rest } as unknown as Entry;
}

function start(given: Partial<Start>): Start {
  return {
    host: 'server',
    atMs: 0,
    session: 's',
    isRedelivered: false,
    isResent: false,
    ...given,
  } as Start;
}
