/**
 * What users can import changes on purpose only. After a wanted change, look at the difference
 * and accept it:
 *
 *     npm test -- test/api --update
 */
import { expect, test } from 'vitest';
import { publicSurfaces } from './surface.ts';

test.each([...publicSurfaces()])('the public surface of %s is as it was', async (name, surface) => {
  const file = `${name.replace('@wilco/', '').replaceAll('/', '-')}.ts.txt`;
  await expect(surface).toMatchFileSnapshot(`surfaces/${file}`);
});
