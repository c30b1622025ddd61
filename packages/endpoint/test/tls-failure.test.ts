import { expect, test } from 'vitest';
import { tlsFailure } from '../src/tls-failure.ts';

test('a certificate that nobody trusted has signed is told with the option that trusts it', () => {
  const error = Object.assign(new Error('self-signed certificate'), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  expect(tlsFailure(error, 'here:1').message).toBe(
    'WILCO_TLS_FAILED: here:1: self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT): ' +
      'give who signed it as tls.ca, if you trust them',
  );
});
