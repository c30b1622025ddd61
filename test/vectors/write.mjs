/**
 * Writes the golden vectors beside this file: `node test/vectors/write.mjs`.
 * A test checks that the committed files are what this writes.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { BROKEN_CASES } from './broken-cases.mjs';
import { FRAME_CASES, UNCHECKED_CASES } from './cases.mjs';
import { encode, hexOf } from './plain-encoder.mjs';
import { STREAM_CASES } from './stream-cases.mjs';

/** The content of each file, by its name. */
export function vectorFiles() {
  return {
    'frames.json': lines([
      ...FRAME_CASES.map(([name, frame]) => ({ name, hex: hexOf(encode(frame)), frame })),
      ...UNCHECKED_CASES.map(([name, frame]) => ({
        name,
        checksum: false,
        hex: hexOf(encode(frame, { hasChecksum: false })),
        frame,
      })),
    ]),
    'broken.json': lines(
      BROKEN_CASES.map(([name, bytes, error, rule]) => ({ name, hex: hexOf(bytes), error, rule })),
    ),
    'streams.json': lines(
      STREAM_CASES.map(({ name, bytes, frames, skipped, hasIntegrity, error }) => ({
        name,
        integrity: hasIntegrity,
        hex: hexOf(bytes),
        frames,
        skipped,
        error,
      })),
    ),
  };
}

/** One vector a line, so that a change shows which ones it touches. */
function lines(vectors) {
  return `[\n${vectors.map((vector) => `  ${JSON.stringify(vector)}`).join(',\n')}\n]\n`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, content] of Object.entries(vectorFiles())) {
    writeFileSync(new URL(name, import.meta.url), content);
  }
}
