import { expect, test } from 'vitest';
import { runProgram } from '../run-program.ts';

test('orders are paid, refused, too late or cancelled, and each receipt says which', async () => {
  expect(await runProgram('examples/orders-to-payments/orders-to-payments.ts')).toEqual({
    code: 0,
    output:
      'book: paid, transaction t-1\n' +
      'car: refused, CARD_DECLINED: over the limit of 50000 cents\n' +
      'lamp: paid, transaction t-2\n' +
      'ticket: too late, and certainly not paid\n' +
      'desk: cancelled, and certainly not paid\n',
  });
});
