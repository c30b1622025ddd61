import { messagePack } from '@wilco/codec';
import type { ErrorCode, StandardResult } from '@wilco/protocol';
import type { Delivery, HandlerEnd } from '@wilco/session';
import { isThenable } from './event-source.ts';
import { reasonOf, refused } from './handler-results.ts';
import type { Registration } from './handlers.ts';

const MESSAGE_PACK = messagePack();

/** What became of the body of a message: its handler gets it, or its sender is told why not. */
export type Checked =
  | { readonly isValid: true; readonly body: unknown }
  | { readonly isValid: false; readonly result: HandlerEnd };

/** The body can't be decoded, or its check failed. */
export function invalid(error: unknown): Checked {
  return { isValid: false, result: refused('WILCO_PAYLOAD_INVALID', reasonOf(error)) };
}

/** The message ends before its check has answered. */
export function stoppedBy(code: ErrorCode): Checked {
  const result = refused(code, 'its schema had not answered');
  return { isValid: false, result: { ...result, isRetryable: code === 'WILCO_HANDLER_TIMEOUT' } };
}

/** Handlers start in the order of the messages, however long each check takes. */
export async function inTurn(
  ahead: Promise<void> | undefined,
  checked: Checked | Promise<Checked>,
): Promise<Checked> {
  let result: Checked;
  try {
    result = await checked;
  } catch (error) {
    result = invalid(error);
  }
  await ahead;
  return result;
}

/**
 * Decodes a body and asks the schema, which may take its time.
 *
 * @throws what the codec or the schema throws.
 */
export function check(delivery: Delivery, { type }: Registration): Checked | Promise<Checked> {
  const body = (type.codec ?? MESSAGE_PACK).decode(delivery.payload);
  if (type.schema === undefined) return { isValid: true, body };
  const result = type.schema['~standard'].validate(body);
  return isThenable(result) ? Promise.resolve(result).then(checkedBy) : checkedBy(result);
}

function checkedBy(result: StandardResult<unknown>): Checked {
  if (result.issues === undefined) return { isValid: true, body: result.value };
  const [issue] = result.issues;
  const path = (issue?.path ?? []).map((step) =>
    String(typeof step === 'object' ? step.key : step),
  );
  const place = path.length > 0 ? `${path.join('.')}: ` : '';
  const reason = `${place}${issue?.message ?? 'the schema refuses it'}`;
  return { isValid: false, result: refused('WILCO_PAYLOAD_INVALID', reason) };
}
