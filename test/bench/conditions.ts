import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Figures } from './figures.ts';
import type { Peer } from './peer.ts';

/** The machine that the figures are taken on, and how busy it is. */
export function machine(): Figures['machine'] {
  const all = cpus();
  // Over the last fifteen minutes: what the benchmark itself takes is two at most.
  const [, , load = 0] = loadavg();
  return {
    cpu: all[0]?.model ?? 'an unknown processor',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 1_024 ** 3),
    system: `${type()} ${release()}`,
    loadAverage: Math.round(load * 10) / 10,
  };
}

/** What is measured, and its versions: from npm, and of the brokers from Debian. */
export function versions(peers: readonly Peer[]): Record<string, string> {
  const url = new URL('package.json', import.meta.url);
  const { devDependencies } = JSON.parse(readFileSync(url, 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const products = Object.entries(devDependencies).filter(([name]) => !name.startsWith('@types/'));
  const packages = new Set(peers.flatMap(({ needs }) => needs?.debianPackage ?? []));
  const brokers = [...packages].map((name) => [name, debianVersion(name)] as const);
  return { 'Node.js': process.versions.node, ...Object.fromEntries([...products, ...brokers]) };
}

function debianVersion(name: string): string {
  try {
    return execFileSync('dpkg-query', ['-W', '-f=${Version}', name], { encoding: 'utf8' });
  } catch {
    return 'of unknown version';
  }
}
