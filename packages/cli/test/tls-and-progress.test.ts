import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestAuthority } from '@wilco/testkit';
import { describe, expect, test } from 'vitest';
import { bodiesOf, listening, scratchFolder, wilco } from './cli-process.ts';

/** The certificates of both sides as files, and the options that name them. */
function certificates(): { server: string[]; client: string[]; trust: string[] } {
  const folder = scratchFolder();
  const authority = new TestAuthority();
  const file = (name: string, text: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, String(text));
    return path;
  };
  const ca = file('ca.pem', authority.certificate);
  const pair = (name: string, hosts: readonly string[]): string[] => {
    const { cert, key } = authority.issue({ name, hosts });
    return ['--cert', file(`${name}.pem`, cert), '--key', file(`${name}.key`, key)];
  };
  const client = [...pair('till-7', []), '--ca', ca];
  return { server: pair('server', ['localhost', '127.0.0.1']), client, trust: ['--ca', ca] };
}

describe('TLS', () => {
  test('encrypts for a server that an authority vouches for; ping says for whom', async () => {
    const { server, trust } = certificates();
    const { listener, port } = await listening(server);
    const to = `127.0.0.1:${port}`;
    expect(await wilco(['send', '--to', to, ...trust], { input: '1\n' }).exit).toBe(0);
    expect(bodiesOf(listener.text)).toEqual(['1']);
    const ping = wilco(['ping', to, '-c', '1', ...trust]);
    expect(await ping.exit).toBe(0);
    expect(ping.text).toMatch(/^encrypted +TLSv1\.3, certificate of server$/m);
    const stranger = wilco(['ping', to, '-c', '1', '--tls']);
    expect(await stranger.exit).toBe(1);
    expect(stranger.text).toMatch(/^because +WILCO_TLS_FAILED/m);
  });

  test('with --ca at the listener lets in only clients with a certificate, and by its name', async () => {
    const { server, client, trust } = certificates();
    const { listener, port } = await listening([...server, ...trust]);
    const send = ['send', '--to', `127.0.0.1:${port}`, '--give-up', '3s'];
    expect(await wilco([...send, ...client], { input: '1\n' }).exit).toBe(0);
    await listener.errors(/"identity":"till-7"/);
    expect(await wilco([...send, ...trust], { input: '2\n' }).exit).toBe(1);
    expect(bodiesOf(listener.text)).toEqual(['1']);
  });
});

describe('the line of progress', () => {
  const input = Array.from({ length: 2_000 }, (_, n) => `{"n":${n}}\n`).join('');

  test('is drawn over itself on a terminal, and the last one stays', async () => {
    const { port } = await listening();
    const file = join(scratchFolder(), 'in.ndjson');
    writeFileSync(file, input);
    const sender = wilco(['send', '--to', `:${port}`, '--progress', 'always', file]);
    expect(await sender.exit).toBe(0);
    const frames = sender.stderr.split('\r\u001B[2K');
    expect(frames.length).toBeGreaterThan(2);
    expect(frames.at(-1)).toMatch(/^100% █{20} {2}2,000 handled {2}[\d,]+\/s {2}0 in flight/);
    for (const frame of frames) expect(frame.split('\n')[0]?.length).toBeLessThan(81);
  });

  test('is not there where nobody sees it', async () => {
    const { port } = await listening();
    const sender = wilco(['send', '--to', `:${port}`], { input });
    expect(await sender.exit).toBe(0);
    expect(sender.stderr).not.toMatch(/[\r\u001B█]/);
  });
});
