import { WilcoError } from '@wilco/protocol';

/** What OpenSSL says where the other side does not speak TLS. */
const NO_TLS: ReadonlySet<unknown> = new Set([
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);

/** What Node.js says of a certificate that nobody whom it trusts has signed. */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What the system and OpenSSL add to an error. */
interface CodedError extends Error {
  readonly code?: unknown;
  /** OpenSSL's own words, without its numbers and file names. */
  readonly reason?: unknown;
}

/** A failure of TLS in our words; one of the network, such as a reset, stays as it is. */
export function tlsFailure(error: CodedError, remote: string): Error {
  const { code } = error;
  // The codes of the system are single words. OpenSSL's, Node's and those of certificates are not.
  const isOfNetwork = typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) && code !== 'EPROTO';
  if (isOfNetwork) return error;
  const words = speaksNoTls(error) ? 'the other side does not speak TLS' : wordsOf(error);
  return new WilcoError('WILCO_TLS_FAILED', `${remote}: ${words}`, { cause: error });
}

/** Whether plain text came in the place of TLS. */
export function speaksNoTls({ code }: CodedError): boolean {
  return NO_TLS.has(code);
}

function wordsOf({ code, reason, message }: CodedError): string {
  const words = typeof reason === 'string' ? reason : message;
  if (UNTRUSTED.has(code)) {
    return `${words} (${String(code)}): give who signed it as tls.ca, if you trust them`;
  }
  return typeof code === 'string' ? `${words} (${code})` : words;
}
