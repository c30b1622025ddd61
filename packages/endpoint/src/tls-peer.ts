import type { TLSSocket } from 'node:tls';
import type { TlsPeer } from './transport.ts';

/** What TLS tells of the other end, once the handshake is done. */
export function tlsPeer(socket: TLSSocket, isCertificateAsked: boolean): TlsPeer {
  const shown = isCertificateAsked ? socket.getPeerCertificate() : undefined;
  const hasShown = shown !== undefined && Object.keys(shown).length > 0;
  return {
    certificate: hasShown && socket.authorized ? shown : undefined,
    failure: isCertificateAsked ? failureOf(socket, hasShown) : undefined,
    protocol: socket.getProtocol() ?? 'unknown',
  };
}

function failureOf(socket: TLSSocket, hasShown: boolean): string | undefined {
  if (!hasShown) return 'NO_CERTIFICATE';
  if (socket.authorized) return undefined;
  return String(socket.authorizationError ?? 'UNKNOWN');
}
