import { constants } from 'node:crypto';
import {
  createSecureContext,
  type ConnectionOptions,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls';
import { WilcoError } from '@wilco/protocol';

/** What a side shows of itself by TLS, and whom it trusts. The names are those of `node:tls`. */
export interface TlsCertificates {
  /**
   * The authorities that are trusted to vouch for the other end. PEM.
   *
   * @defaultValue those that Node.js ships (client); nobody (server)
   */
  readonly ca?: SecureContextOptions['ca'];
  /** This side's own certificate, with those between it and its authority behind it. PEM. @defaultValue none */
  readonly cert?: SecureContextOptions['cert'];
  /** The private key of `cert`. PEM. @defaultValue none */
  readonly key?: SecureContextOptions['key'];
  /** Opens `key` or `pfx`, where they are encrypted. @defaultValue none */
  readonly passphrase?: string | undefined;
  /** Certificate and private key in one, PKCS#12, in the place of `cert` and `key`. @defaultValue none */
  readonly pfx?: SecureContextOptions['pfx'];
  /** Certificates that were revoked. PEM. @defaultValue none */
  readonly crl?: SecureContextOptions['crl'];
  /**
   * The oldest version that is spoken. Older ones than TLS 1.2 are broken (RFC 8996), and not to be had.
   *
   * @defaultValue `'TLSv1.2'`
   */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Which ciphers may be used, in the words of OpenSSL. @defaultValue those of Node.js */
  readonly ciphers?: string | undefined;
}

/** TLS, as a client begins it. */
export interface TlsClientOptions extends TlsCertificates {
  /**
   * The name that the certificate of the server must have, and that the server is asked for.
   *
   * @defaultValue `host`
   */
  readonly servername?: string | undefined;
  /**
   * Whether the certificate of the server has to be valid, signed by `ca`, and have its name.
   * With `false` the traffic is still encrypted, but nobody knows for whom: whoever sits in
   * between can read and change all of it, and take the session over. For tests only; give
   * `ca` for a server that signed its certificate itself.
   *
   * @defaultValue `true`
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /**
   * Asked whether a certificate that was verified is the one of the server: returns an error
   * if not. One that throws refuses it as well.
   *
   * @defaultValue compares its names with `servername`
   */
  readonly checkServerIdentity?: ConnectionOptions['checkServerIdentity'];
}

/** TLS, as a server answers it. `cert` and `key`, or `pfx`, are needed. */
export interface TlsServerOptions extends TlsCertificates {
  /**
   * Whether clients are asked for a certificate (mutual TLS). `ca` says who may sign it, and
   * `authenticate` finds it as `request.tls.certificate`. Has to be said where there is a `ca`.
   *
   * @defaultValue `false`
   */
  readonly requestCert?: boolean | undefined;
  /**
   * Whether a client without a certificate that was asked for, or with one that nobody of `ca`
   * signed, is refused. With `false` it comes in, as far as `authenticate` lets it:
   * `request.tls.certificate` is `undefined` then, whatever it showed.
   *
   * @defaultValue `true`
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /**
   * Chooses the certificate for the name that a client asked for. One that throws or fails
   * ends that connection, and nothing else.
   *
   * @defaultValue none: one certificate for all names
   */
  readonly SNICallback?: TlsOptions['SNICallback'];
}

/** The name of the protocol inside of TLS (ALPN, RFC 7301). */
export const ALPN_PROTOCOLS = ['wilco/1'];

/**
 * What OpenSSL is told of certificates and versions. Each connection proves anew who it is:
 * no tickets, since a session of TLS that is resumed would not be looked at again, however
 * long ago its certificate expired or was revoked.
 */
export function contextOptions(tls: TlsCertificates): SecureContextOptions {
  const { ca, cert, key, passphrase, pfx, crl, ciphers, minVersion = 'TLSv1.2' } = tls;
  if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3') {
    throw invalid(`minVersion is ${String(minVersion)}, wanted TLSv1.2 or TLSv1.3`);
  }
  const secureOptions = constants.SSL_OP_NO_TICKET;
  return { ca, cert, key, passphrase, pfx, crl, ciphers, minVersion, secureOptions };
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for what OpenSSL can't read, or does not fit. */
export function secureContext(tls: TlsCertificates): SecureContext {
  const options = contextOptions(tls);
  for (const name of ['ca', 'cert', 'key', 'crl'] as const) checkPem(name, options[name]);
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** @throws {@link WilcoError} `WILCO_OPTION_INVALID`. */
export function checkServerTls(tls: TlsServerOptions): void {
  const { ca, cert, key, pfx, requestCert, SNICallback } = tls;
  if (pfx === undefined && SNICallback === undefined && (cert === undefined || key === undefined)) {
    throw invalid('a server needs cert and key, or pfx');
  }
  if (ca !== undefined && requestCert === undefined) {
    throw invalid('ca is given, but not whether clients are asked for a certificate: requestCert');
  }
  secureContext(tls);
}

/** Node.js passes over a `ca` that is none, and then trusts nobody without a word. */
function checkPem(name: string, given: unknown): void {
  for (const one of Array.isArray(given) ? (given as unknown[]) : [given]) {
    if (typeof one !== 'string' && !(one instanceof Uint8Array)) continue;
    const text = typeof one === 'string' ? one : Buffer.from(one).toString('latin1');
    if (text.includes('-----BEGIN ')) continue;
    throw invalid(`${name} is no PEM: wanted what is in the file, not its name`);
  }
}

function invalid(detail: string, cause?: unknown): WilcoError {
  return new WilcoError('WILCO_OPTION_INVALID', `tls: ${detail}`, { cause });
}
