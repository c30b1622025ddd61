import { readFileSync } from 'node:fs';
import { CLIENT_TRANSITIONS, SERVER_TRANSITIONS, SESSION_TRANSITIONS } from '@wilco/session';
import {
  allFiguresDocument,
  figuresDocument,
  rowsDocument,
  targetsDocument,
} from '../bench/documents.ts';
import { pictureDocument } from '../bench/picture.ts';
import { profileDocument } from '../bench/profile-table.ts';
import { conversationDocument } from './conversation-document.ts';
import { errorsDocument } from './errors-document.ts';
import { logDocument } from './log-document.ts';
import { manualDocument } from './manual-document.ts';
import { optionsDocument } from './options-document.ts';
import { phasesDocument } from './phases-document.ts';

const ROOT = new URL('../../', import.meta.url);

/** A file of which all, or a marked part, is generated. */
export interface GeneratedDocument {
  /** From the top of the repository; behind a `#`, the part of it. */
  readonly path: string;
  /** What the file has to be. Reads the file where only a part of it is generated. */
  readonly content: () => string;
}

/** Every generated document. A test checks each; `write-documents.ts` writes them. */
export const DOCUMENTS: readonly GeneratedDocument[] = [
  { path: 'ERRORS.md', content: errorsDocument },
  part('README.md', 'figures', figuresDocument),
  { path: 'test/bench/figures.svg', content: pictureDocument },
  part('test/bench/README.md', 'rows', rowsDocument),
  part('test/bench/README.md', 'all figures', allFiguresDocument),
  part('test/bench/README.md', 'targets', targetsDocument),
  part('test/bench/README.md', 'profile', profileDocument),
  part('PROTOCOL.md', 'a conversation', conversationDocument),
  part('PROTOCOL.md', 'client connection phases', () => phasesDocument(CLIENT_TRANSITIONS)),
  part('PROTOCOL.md', 'server connection phases', () => phasesDocument(SERVER_TRANSITIONS)),
  part('packages/client/README.md', 'options', () => optionsDocument('client')),
  part('packages/server/README.md', 'options', () => optionsDocument('server')),
  part('packages/client/docs/log.md', 'log events', logDocument),
  part('packages/cli/README.md', 'manual', () => `\n${manualDocument()}\n`),
  part('ARCHITECTURE.md', 'session phases', () => phasesDocument(SESSION_TRANSITIONS)),
];

/** Where a generated document lies. */
export function documentUrl(document: GeneratedDocument): URL {
  return new URL(document.path.replace(/#.*$/, ''), ROOT);
}

/**
 * The text of a document in which what stands between `<!-- generated: NAME -->` and the
 * next `<!-- end -->` is replaced by `part`.
 *
 * @throws `TypeError` if the document has no such place.
 */
export function withGeneratedPart(path: string, name: string, part: string): string {
  const text = readFileSync(new URL(path, ROOT), 'utf8');
  const begin = `<!-- generated: ${name} -->\n`;
  const start = text.indexOf(begin);
  const end = text.indexOf('<!-- end -->', start);
  if (start === -1 || end === -1) {
    throw new TypeError(`${path} has no place '${begin.trim()}' … '<!-- end -->'`);
  }
  return `${text.slice(0, start + begin.length)}${part}${text.slice(end)}`;
}

function part(path: string, name: string, write: () => string): GeneratedDocument {
  return { path: `${path}#${name}`, content: () => withGeneratedPart(path, name, write()) };
}
