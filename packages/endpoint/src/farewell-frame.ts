import type { CloseFrame, WilcoError } from '@wilco/protocol';

/** Tells the peer why a connection ends that neither side wanted to end. The session goes on. */
export function farewellFrame(error: WilcoError): CloseFrame {
  const { code } = error;
  return { kind: 'close', mode: 'detach', code, reason: reasonOf(error), retryAfterMs: undefined };
}

/** What an error says beside its code, which travels by itself. */
export function reasonOf({ code, message }: WilcoError): string {
  const prefix = `${code}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}
