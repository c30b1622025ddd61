import { defineMessage, type MessageType } from '@wilco/client';

/** Why these bytes are not one JSON value, in one sentence; `undefined` where they are. */
export function jsonProblem(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return 'its bytes are not UTF-8';
  }
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return sentenceOf(error);
  }
}

/**
 * A message type whose body is one JSON value, as the bytes that its sender wrote: nothing is
 * parsed into numbers and printed again, so `12345678901234567890` and `1.0` stay as they are.
 */
export function jsonTextType(name: string): MessageType<Uint8Array, void> {
  return defineMessage<Uint8Array>(name, { codec: JSON_TEXT });
}

/** An object as one line of JSON. What is `undefined` is null. */
export function jsonLine(fields: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(fields).map(
    ([key, value]) => `${JSON.stringify(key)}:${json(value)}`,
  );
  return `{${parts.join(',')}}\n`;
}

/** JSON text on one line: line breaks in it stand between values, where a space is as good. */
export function onOneLine(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(LINE_FEED) && !bytes.includes(CARRIAGE_RETURN)) return bytes;
  return bytes.map((byte) => (byte === LINE_FEED || byte === CARRIAGE_RETURN ? SPACE : byte));
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const REASON_MAX = 160;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const JSON_TEXT = {
  name: 'JSON text',
  encode: (body: Uint8Array): Uint8Array => body,
  decode(bytes: Uint8Array): Uint8Array {
    const problem = jsonProblem(bytes);
    if (problem !== undefined) throw new Error(`the body is not JSON: ${problem}`);
    return bytes;
  },
};

function json(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

/** What the parser says, short enough for a log: it may quote all of the text. */
function sentenceOf(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
  return text.length <= REASON_MAX ? text : `${text.slice(0, REASON_MAX)}…`;
}
