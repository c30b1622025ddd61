import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { OPTION_TESTS } from './option-tests.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where the options of each interface stand. What it extends has a row of its own. */
const INTERFACES: Readonly<Record<string, string>> = {
  SessionOptions: 'packages/session/src/options.ts',
  OpeningOptions: 'packages/endpoint/src/opening-options.ts',
  EndpointOptions: 'packages/endpoint/src/endpoint-options.ts',
  ChannelOptions: 'packages/endpoint/src/session-setting.ts',
  ClientOptions: 'packages/client/src/options.ts',
  ReconnectOptions: 'packages/client/src/options.ts',
  ServerOptions: 'packages/server/src/options.ts',
  SendOptions: 'packages/endpoint/src/session-handle.ts',
  HandleOptions: 'packages/endpoint/src/handlers.ts',
  StatusOptions: 'packages/endpoint/src/inquiries.ts',
  ExplainOptions: 'packages/endpoint/src/inquiries.ts',
  DrainOptions: 'packages/endpoint/src/session-handle.ts',
  CloseOptions: 'packages/endpoint/src/session-handle.ts',
};

test.each(Object.entries(INTERFACES))(
  'each option of %s has a test in which its value changes what happens',
  (name, path) => {
    expect(Object.keys(OPTION_TESTS[name] ?? {}).toSorted()).toEqual(
      optionsOf(path, name).toSorted(),
    );
  },
);

test('the tests that the table of options names are there', () => {
  const titles = testFiles()
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const missing = Object.values(OPTION_TESTS)
    .flatMap((row) => Object.entries(row))
    .filter(([, title]) => !titles.includes(`'${title}`))
    .map(([option, title]) => `${option}: ${title}`);
  expect(missing).toEqual([]);
});

/** The members of an interface, but for those that are marked as internal. */
function optionsOf(path: string, name: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = file.statements.find(
    (one): one is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(one) && one.name.text === name,
  );
  if (found === undefined) throw new Error(`${path} has no interface ${name}`);
  return found.members
    .filter((member) => !ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal'))
    .map((member) => member.name?.getText() ?? '');
}

function testFiles(): string[] {
  return ['packages', 'test'].flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
      .map((path) => join(ROOT, top, path)),
  );
}
