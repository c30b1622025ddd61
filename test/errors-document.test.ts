import { existsSync, readFileSync } from 'node:fs';
import { ERRORS } from '@wilco/protocol';
import { describe, expect, it } from 'vitest';
import { documentUrl, DOCUMENTS, withGeneratedPart } from './house/documents.ts';
import { errorsDocument } from './house/errors-document.ts';

describe('the generated documents', () => {
  it.each(DOCUMENTS)('$path is what its source says (else run write-documents.ts)', (document) => {
    const url = documentUrl(document);
    expect(existsSync(url) ? readFileSync(url, 'utf8') : '').toBe(document.content());
  });

  it('have a section for each error code', () => {
    const headings = errorsDocument()
      .split('\n')
      .filter((line) => line.startsWith('## '));
    expect(headings).toEqual(Object.keys(ERRORS).map((code) => `## ${code}`));
  });

  it('refuse a document without the marked place', () => {
    expect(() => withGeneratedPart('PROTOCOL.md', 'no such place', '')).toThrow(TypeError);
  });
});
