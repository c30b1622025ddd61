import { readFileSync } from 'node:fs';
import { ERRORS, isErrorCode } from '@wilco/protocol';
import { describe, expect, it } from 'vitest';

const document = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');

/** What a regular expression's first group finds, in order. */
function found(pattern: RegExp): string[] {
  return [...document.matchAll(pattern)].map((match) => match[1] ?? '');
}

const rules = found(/\*\*\[([A-Z]-\d+)\]\*\*/g);

describe('PROTOCOL.md', () => {
  it('gives each rule a number of its own', () => {
    expect(rules.length).toBeGreaterThan(100);
    expect(new Set(rules).size).toBe(rules.length);
  });

  it('numbers the rules of each section in order, without gaps', () => {
    const next: Record<string, number> = {};
    for (const rule of rules) {
      const [letter = '', number] = rule.split('-');
      const expected = next[letter] ?? 1;
      expect(`${letter}-${String(number)}`).toBe(`${letter}-${String(expected)}`);
      next[letter] = expected + 1;
    }
  });

  it('cites only rules that it has', () => {
    const cited = new Set(found(/\[([A-Z]-\d+)\]/g));
    expect([...cited].filter((rule) => !rules.includes(rule))).toEqual([]);
  });

  it('cites only error codes that the table has', () => {
    const cited = new Set(found(/`(WILCO_[A-Z_]*[A-Z])`/g));
    expect([...cited].filter((code) => !isErrorCode(code))).toEqual([]);
  });

  it('says where each error of a peer travels', () => {
    const travelling = found(/^\| `(WILCO_[A-Z_]+)` \|/gm);
    const wire = Object.keys(ERRORS).filter((code) => /FRAME|CHANNEL|EXCEEDED|ACK_/.test(code));
    expect(wire.filter((code) => !travelling.includes(code))).toEqual([]);
  });

  it('links only to headings that it has', () => {
    const anchors = found(/^#+ (.*)$/gm).map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    const linked = found(/\]\(#([^)]*)\)/g);
    expect(linked.length).toBeGreaterThan(0);
    expect(linked.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
  });
});
