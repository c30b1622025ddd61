/**
 * Writes `orders.ndjson`: ten thousand orders of an invented shop, the same ones each time.
 * `node --import tsx examples/demo/write-orders.ts`
 */
import { writeFileSync } from 'node:fs';

const COUNT = 10_000;
const FIRST_MS = Date.UTC(2026, 2, 2, 7, 30);
const GIVEN = ['Ada', 'Björn', 'Chloé', 'Đorđe', 'Esi', 'Fatima', 'Grace', 'Hiro', 'Inès', 'Jan'];
const FAMILY = ['Adeyemi', 'Bauer', 'Costa', 'Dvořák', 'Eriksen', 'Fischer', 'García', 'Ito', '王'];
const CITIES = ['Aarhus', 'Bern', 'Cork', 'Dakar', 'Évora', 'Gdańsk', 'Kyōto', 'Lyon', 'Zürich'];
const GOODS = [
  ['BOLT-M8X40', 18],
  ['BEARING-6204', 640],
  ['BELT-A42', 1_150],
  ['GASKET-DN50', 230],
  ['MOTOR-0.75KW', 18_900],
  ['PUMP-CR3', 74_500],
  ['SEAL-35X52X7', 310],
  ['VALVE-1/2"', 2_275],
] as const;
const NOTES = [
  'Gate 3, please',
  'call before delivery',
  'fragile ⚠',
  'second attempt',
  'no Saturdays',
];

let state = 20_260_302;

/** A whole number below `limit`: a linear congruence is random enough for invoices. */
function below(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

function oneOf<Item>(items: readonly Item[]): Item {
  return items[below(items.length)] as Item;
}

function order(index: number): object {
  const items = Array.from({ length: 1 + below(3) }, () => {
    const [sku, cents] = oneOf(GOODS);
    return { sku, quantity: 1 + below(12), cents };
  });
  return {
    id: `ORD-${String(index + 1).padStart(6, '0')}`,
    at: new Date(FIRST_MS + index * 2_600 + below(2_000)).toISOString(),
    customer: `${oneOf(GIVEN)} ${oneOf(FAMILY)}`,
    city: oneOf(CITIES),
    items,
    cents: items.reduce((sum, { quantity, cents }) => sum + quantity * cents, 0),
    ...(below(5) === 0 && { note: oneOf(NOTES) }),
  };
}

const lines = Array.from({ length: COUNT }, (_, index) => `${JSON.stringify(order(index))}\n`);
writeFileSync(new URL('orders.ndjson', import.meta.url), lines.join(''));
