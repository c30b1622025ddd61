import type { CloseFrame, ErrorCode } from '@wilco/protocol';

/** Tells the peer why a connection ends that neither side wanted to end. The session goes on. */
export function farewellFrame(code: ErrorCode, reason: string): CloseFrame {
  return { kind: 'close', mode: 'detach', code, reason, retryAfterMs: undefined };
}
