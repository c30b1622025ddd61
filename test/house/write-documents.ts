/**
 * Writes the generated documents:
 * `node --import tsx --conditions=source test/house/write-documents.ts`.
 */
import { writeFileSync } from 'node:fs';
import { documentUrl, DOCUMENTS } from './documents.ts';

for (const document of DOCUMENTS) {
  writeFileSync(documentUrl(document), document.content());
}
