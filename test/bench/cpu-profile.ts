import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a function stands, as the profiler of V8 says. */
interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** What the profiler of V8 gives. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Between samples. Microseconds. */
  readonly timeDeltas: readonly number[];
}

/** A function in the tree of calls, and the time spent in it. Microseconds. */
export interface CallNode {
  readonly name: string;
  /** The package, or whose else it is. */
  readonly area: string;
  readonly file: string;
  selfMicros: number;
  totalMicros: number;
  readonly children: Map<string, CallNode>;
}

/** What is not work: `dispatch` is the inspector itself. */
const LEFT_OUT = new Set(['(idle)', 'dispatch']);

/** The tree of calls of a profile; the same function under the same one is one node. */
export function callTreeOf(profile: CpuProfile): CallNode {
  const sources = new Sources();
  const selfMicros = new Map<number, number>();
  for (const [index, id] of profile.samples.entries()) {
    selfMicros.set(id, (selfMicros.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const root = nodeOf('all', 'node', '');
  function add(id: number, parent: CallNode): void {
    const node = nodes.get(id);
    if (node === undefined) return;
    const { functionName } = node.callFrame;
    if (LEFT_OUT.has(functionName)) return;
    const isRoot = functionName === '(root)';
    const into = isRoot ? parent : childOf(parent, sources.place(node.callFrame));
    into.selfMicros += selfMicros.get(id) ?? 0;
    for (const child of node.children ?? []) add(child, into);
  }
  const [first] = profile.nodes;
  if (first !== undefined) add(first.id, root);
  sum(root);
  return root;
}

/** The time in each function itself, wherever it was called from, most first. */
export function selfTimesOf(trees: readonly CallNode[]): Omit<CallNode, 'children'>[] {
  const all = new Map<string, CallNode>();
  function visit(node: CallNode): void {
    const key = `${node.file} ${node.name}`;
    const found = all.get(key) ?? nodeOf(node.name, node.area, node.file);
    found.selfMicros += node.selfMicros;
    all.set(key, found);
    for (const child of node.children.values()) visit(child);
  }
  for (const tree of trees) visit(tree);
  return [...all.values()].toSorted((a, b) => b.selfMicros - a.selfMicros);
}

function nodeOf(name: string, area: string, file: string): CallNode {
  return { name, area, file, selfMicros: 0, totalMicros: 0, children: new Map() };
}

function childOf(parent: CallNode, place: Pick<CallNode, 'name' | 'area' | 'file'>): CallNode {
  const key = `${place.file} ${place.name}`;
  const found = parent.children.get(key);
  if (found !== undefined) return found;
  const made = nodeOf(place.name, place.area, place.file);
  parent.children.set(key, made);
  return made;
}

function sum(node: CallNode): number {
  node.totalMicros = node.selfMicros;
  for (const child of node.children.values()) node.totalMicros += sum(child);
  return node.totalMicros;
}

/** Finds where a built function was written. */
class Sources {
  readonly #maps = new Map<string, SourceMap | undefined>();

  place({ functionName, url, lineNumber, columnNumber }: CallFrame) {
    const name = functionName === '' ? '(anonymous)' : functionName;
    if (!url.startsWith('file:')) {
      const isEngine = name.startsWith('(');
      const file = url === '' ? '' : url;
      return { name, area: isEngine ? name : 'node', file };
    }
    const entry = this.#mapOf(url)?.findEntry(lineNumber, columnNumber);
    const original = entry !== undefined && 'originalSource' in entry ? entry.originalSource : url;
    const area = areaOf(url);
    return { name, area, file: `${area}/${basename(original)}` };
  }

  #mapOf(url: string): SourceMap | undefined {
    if (!this.#maps.has(url)) this.#maps.set(url, readMap(`${fileURLToPath(url)}.map`));
    return this.#maps.get(url);
  }
}

function readMap(path: string): SourceMap | undefined {
  if (!existsSync(path)) return undefined;
  return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as never);
}

/** The package that a file belongs to. */
function areaOf(url: string): string {
  const [, modules] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (modules !== undefined) return modules;
  const [, folder] = /\/packages\/([^/]+)\//.exec(url) ?? [];
  return folder ?? 'bench';
}
