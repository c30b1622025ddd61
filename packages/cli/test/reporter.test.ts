import { afterEach, describe, expect, test, vi } from 'vitest';
import { Reporter, type ReporterOptions } from '../src/reporter.ts';

const TERMINAL: ReporterOptions = { isJson: false, isQuiet: false, isTerminal: true };
const OVER = '\r\u001B[2K';

function reporter(
  options: Partial<ReporterOptions>,
  columns?: number,
): { readonly reporter: Reporter; readonly written: string[] } {
  const written: string[] = [];
  const stream = { columns, write: (text: string) => written.push(text) };
  return { reporter: new Reporter(stream, { ...TERMINAL, ...options }), written };
}

afterEach(() => vi.unstubAllEnvs());

describe('the line that lives', () => {
  test.each([
    [20, 19],
    [undefined, 79],
    [0, 79],
  ])('on a terminal that says %s columns has at most %i', (columns, width) => {
    const { reporter: one, written } = reporter({}, columns);
    one.status('x'.repeat(200));
    expect(written).toEqual(['x'.repeat(width)]);
  });

  test('stays below the log, and at last stands', () => {
    const { reporter: one, written } = reporter({});
    one.status('first');
    one.status('second');
    one.log('info', 'event', 'news');
    one.endStatus();
    expect(written.join('')).toBe(`first${OVER}second${OVER}wilco: news\nsecond\n`);
  });
});

describe('colours', () => {
  test('mark what went wrong, on a terminal', () => {
    vi.stubEnv('NO_COLOR', undefined);
    const { reporter: one, written } = reporter({});
    one.log('error', 'event', 'bad');
    one.log('info', 'event', 'good');
    expect(written).toEqual(['\u001B[31mwilco: bad\u001B[39m\n', 'wilco: good\n']);
  });

  test.each([
    ['1', true],
    ['1', false],
    ['', false],
  ])('are not there with NO_COLOR=%j on a terminal: %s', (noColour, isTerminal) => {
    vi.stubEnv('NO_COLOR', noColour);
    const { reporter: one, written } = reporter({ isTerminal });
    one.log('error', 'event', 'bad');
    expect(written).toEqual(['wilco: bad\n']);
  });
});

test('--quiet leaves warnings and errors', () => {
  const { reporter: one, written } = reporter({ isQuiet: true, isTerminal: false });
  one.log('info', 'event', 'news');
  one.log('warning', 'event', 'hm');
  expect(written).toEqual(['wilco: hm\n']);
});
