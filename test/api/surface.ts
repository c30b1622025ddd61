/** The public surface of a package: what each entry exports, as declarations without comments. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly source: string }>>;
}

interface Entry {
  /** As its users import it. */
  readonly name: string;
  /** The folder of its package, with a separator at its end. */
  readonly folder: string;
  readonly source: string;
}

/** One text for each entry of each package, by the name that its users import. */
export function publicSurfaces(): Map<string, string> {
  const entries = readdirSync(`${ROOT}packages`).flatMap(entriesOf);
  const compilation = compiled(entries.map(({ source }) => source));
  return new Map(entries.map((entry) => [entry.name, surfaceOf(compilation, entry)]));
}

function entriesOf(name: string): Entry[] {
  const folder = `${ROOT}packages/${name}/`;
  const manifest = JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as Manifest;
  return Object.entries(manifest.exports).map(([entry, { source }]) => ({
    name: manifest.name + entry.slice(1),
    folder,
    source: folder + source.replace('./', ''),
  }));
}

interface Compilation {
  readonly program: ts.Program;
  /** What the compiler declares of each source file, by its path. */
  readonly declarations: ReadonlyMap<string, ts.SourceFile>;
}

/** Compiles to declarations: that leaves out bodies, private names and what is internal. */
function compiled(sources: readonly string[]): Compilation {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.base.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(sources, {
    ...options,
    types: ['node'],
    noEmit: false,
    emitDeclarationOnly: true,
    declaration: true,
    stripInternal: true,
    removeComments: true,
  });
  const declarations = new Map<string, ts.SourceFile>();
  program.emit(undefined, (name, text, _mark, _onError, written) => {
    const source = written?.[0];
    if (source === undefined) return;
    declarations.set(source.fileName, ts.createSourceFile(name, text, ts.ScriptTarget.ESNext));
  });
  return { program, declarations };
}

function surfaceOf({ program, declarations }: Compilation, { folder, source }: Entry): string {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(source);
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${source} is no module`);
  const lines = checker.getExportsOfModule(module).map((symbol) => {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    const target = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
    const declared = target.declarations?.[0]?.getSourceFile().fileName ?? '';
    return declared.startsWith(`${folder}src/`)
      ? declarationOf(declarations.get(declared), target.name)
      : `// ${symbol.name}: from ${packageOf(declared)}`;
  });
  return `${lines.sort().join('\n')}\n`;
}

/** All that a file declares under this name, without the word that exports it. */
function declarationOf(file: ts.SourceFile | undefined, name: string): string {
  if (file === undefined) throw new Error(`nothing declares ${name}`);
  const printer = ts.createPrinter({ removeComments: true });
  const found = file.statements.filter((statement) => namesOf(statement).includes(name));
  if (found.length === 0) throw new Error(`${file.fileName} does not declare ${name}`);
  return found
    .map((statement) => printer.printNode(ts.EmitHint.Unspecified, statement, file))
    .join('\n')
    .replaceAll(/^export (declare )?/gm, '');
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) =>
      ts.isIdentifier(name) ? name.text : '',
    );
  }
  const isNamed =
    ts.isInterfaceDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isFunctionDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
}

function packageOf(path: string): string {
  const [, folder] = /packages\/([^/]+)\/src\//.exec(path) ?? [];
  if (folder !== undefined) return `@wilco/${folder}`;
  const [, outside] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return outside ?? path;
}
