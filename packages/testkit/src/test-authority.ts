import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, as PEM: what `cert` and `key` of TLS take. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** For whom a certificate is made. */
export interface TestCertificateOptions {
  /** The common name of its subject (CN). */
  readonly name: string;
  /** Names and addresses of the hosts that it is for. @defaultValue none, as for a client */
  readonly hosts?: readonly string[];
  /** @defaultValue an hour ago */
  readonly validFrom?: Date;
  /** @defaultValue in a day */
  readonly validTo?: Date;
}

const HOUR_MS = 3_600_000;
const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

/**
 * A certificate authority for tests and examples: makes certificates out of nothing, valid
 * or not, as a test needs them. Its key is in memory only, so nobody can rely on it by
 * mistake: trust it in no system that matters.
 */
export class TestAuthority {
  /** Its own certificate as PEM: what `ca` of TLS takes. */
  readonly certificate: string;
  readonly #name: string;
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

  constructor(name = 'Test Authority') {
    this.#name = name;
    this.certificate = this.#sign({ name }, this.#keys.publicKey, [
      extension(0x13, sequence(tlv(0x01, 0xff)), true),
      extension(0x0f, tlv(0x03, 1, 0b0000_0110), true),
    ]);
  }

  /** Makes a certificate, and vouches for it. */
  issue(options: TestCertificateOptions): TestCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const { hosts = [] } = options;
    const cert = this.#sign(options, publicKey, [
      extension(0x13, sequence(), true),
      ...(hosts.length > 0 ? [extension(0x11, sequence(...hosts.map(hostName)), false)] : []),
    ]);
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  /** RFC 5280, section 4.1. */
  #sign(
    options: TestCertificateOptions,
    publicKey: KeyObject,
    extensions: readonly Buffer[],
  ): string {
    const { name, validFrom = soon(-HOUR_MS), validTo = soon(24 * HOUR_MS) } = options;
    const content = sequence(
      tlv(0xa0, tlv(0x02, 2)),
      tlv(0x02, 1, randomBytes(8)),
      ECDSA_WITH_SHA256,
      distinguishedName(this.#name),
      sequence(time(validFrom), time(validTo)),
      distinguishedName(name),
      publicKey.export({ type: 'spki', format: 'der' }),
      tlv(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', content, this.#keys.privateKey);
    const whole = sequence(content, ECDSA_WITH_SHA256, tlv(0x03, 0, signature));
    const lines = whole.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
    return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
  }
}

function soon(inMs: number): Date {
  return new Date(Date.now() + inMs);
}

/** One value of DER (X.690): tag, length, content. */
function tlv(tag: number, ...content: (Uint8Array | number)[]): Buffer {
  const body = Buffer.concat(
    content.map((part) => Buffer.from(typeof part === 'number' ? [part] : part)),
  );
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), body]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...parts);
}

function oid(...bytes: readonly number[]): Buffer {
  return tlv(0x06, ...bytes);
}

/** One of the extensions of certificates, 2.5.29 and `last`. */
function extension(last: number, value: Buffer, isCritical: boolean): Buffer {
  const critical = isCritical ? [tlv(0x01, 0xff)] : [];
  return sequence(oid(0x55, 0x1d, last), ...critical, tlv(0x04, value));
}

/** A common name, 2.5.4.3, and nothing else. */
function distinguishedName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(name)))));
}

function hostName(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return tlv(0x87, ...host.split('.').map(Number));
    case 6:
      return tlv(0x87, ...bytesOfVersion6(host));
    default:
      return tlv(0x82, Buffer.from(host));
  }
}

function bytesOfVersion6(host: string): number[] {
  const [left = [], right = []] = host.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** UTCTime up to 2049, GeneralizedTime from then on. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const isShort = date.getUTCFullYear() < 2050;
  return isShort ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}
