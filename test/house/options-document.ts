import { readFileSync } from 'node:fs';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url);

/** Where the options of an interface stand, and what stands before the name of each. */
interface Place {
  readonly path: string;
  readonly name: string;
  readonly title: string;
  readonly prefix?: string;
}

const SHARED: readonly Place[] = [
  place('endpoint/src/endpoint-options.ts', 'EndpointOptions', 'Memory, channels and the rest'),
  place('endpoint/src/opening-options.ts', 'OpeningOptions', 'Connections: deadlines and limits'),
  place('session/src/options.ts', 'SessionOptions', 'Sessions: timers, windows, outbox'),
];

const CALLS: readonly Place[] = [
  place('endpoint/src/session-setting.ts', 'ChannelOptions', 'A channel, in `channels`'),
  place(
    'endpoint/src/session-handle.ts',
    'SendOptions',
    'One message: `send(type, body, options)`',
  ),
  place('endpoint/src/handlers.ts', 'HandleOptions', 'A type: `handle(type, handler, options)`'),
  place('endpoint/src/inquiries.ts', 'StatusOptions', '`status(id, options)`'),
  place('endpoint/src/inquiries.ts', 'ExplainOptions', '`explain(options)`'),
  place('endpoint/src/session-handle.ts', 'DrainOptions', '`drain(options)`'),
  place('endpoint/src/session-handle.ts', 'CloseOptions', '`close(options)`'),
];

const ADDRESS = place('endpoint/src/transport.ts', 'Address', 'Where');
const CERTIFICATES = {
  ...place('endpoint/src/tls-options.ts', 'TlsCertificates', ''),
  prefix: 'tls.',
};

const PLACES: Readonly<Record<'client' | 'server', readonly Place[]>> = {
  client: [
    ADDRESS,
    place('client/src/options.ts', 'ClientOptions', 'The client'),
    { ...place('client/src/options.ts', 'ReconnectOptions', ''), prefix: 'reconnect.' },
    { ...place('endpoint/src/tls-options.ts', 'TlsClientOptions', 'TLS'), prefix: 'tls.' },
    CERTIFICATES,
    ...SHARED,
    ...CALLS,
    place('client/src/ping.ts', 'PingOptions', '`ping(options)`, beside those of `connect`'),
  ],
  server: [
    ADDRESS,
    place('server/src/options.ts', 'ServerOptions', 'The server'),
    { ...place('endpoint/src/tls-options.ts', 'TlsServerOptions', 'TLS'), prefix: 'tls.' },
    CERTIFICATES,
    ...SHARED,
    ...CALLS,
    place('server/src/server.ts', 'ServerCloseOptions', ''),
  ],
};

/** The options of a side, as tables: what the comments of their interfaces say. */
export function optionsDocument(side: 'client' | 'server'): string {
  const other = side === 'client' ? '(server)' : '(client)';
  let text = '';
  for (const { path, name, title, prefix = '' } of PLACES[side]) {
    if (title !== '') {
      text += `\n### ${title}\n\n| option | what it does | range | default |\n| --- | --- | --- | --- |\n`;
    }
    for (const member of membersOf(path, name)) {
      const { what, range, fallback } = optionOf(member);
      if (what.includes(other)) continue;
      const said = what.replace(` (${side})`, '');
      text += `| \`${prefix}${member.name.getText()}\` | ${said} | ${range} | ${fallback} |\n`;
    }
  }
  return `${text}\n`;
}

/** Names of the events of an interface, without those of the one that it extends. */
export function eventsOf(path: string, name: string): string[] {
  return membersOf(`packages/${path}`, name).map((member) => member.name.getText());
}

function place(path: string, name: string, title: string): Place {
  return { path: `packages/${path}`, name, title };
}

function membersOf(path: string, name: string): ts.PropertySignature[] {
  const text = readFileSync(new URL(path, ROOT), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = file.statements.find(
    (one): one is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(one) && one.name.text === name,
  );
  if (found === undefined) throw new Error(`${path} has no interface ${name}`);
  return found.members
    .filter(ts.isPropertySignature)
    .filter(
      (member) => !ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal'),
    );
}

/** A sentence of a comment that says what may be given. */
const RANGE = /(?<=^|[.:]\s|\n\n)(?:Milliseconds|Bytes|Whole numbers?|\d+ to [\d_]+)\b[^.]*\./;

/** The first paragraph, without what it says of the range; the range; the default. */
function optionOf(member: ts.PropertySignature): { what: string; range: string; fallback: string } {
  const [comment] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
  const text = ts.getTextOfJSDocComment(comment?.comment) ?? '';
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'defaultValue');
  const said = RANGE.exec(text)?.[0] ?? '';
  const [what = ''] = text.replace(said, '').trim().split('\n\n');
  return {
    what: cell(what),
    range: cell(said.replace(/\.$/, '')),
    fallback: cell(ts.getTextOfJSDocComment(tag?.comment) ?? ''),
  };
}

/** Fits into a row of a table: one line, names in place of links. */
function cell(text: string): string {
  return text
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?<=\d)_(?=\d)/g, ',')
    .replaceAll('|', '\\|')
    .trim();
}
