/** Unix sockets: their files come and go, and are never taken from somebody who is alive. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect as dial, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { connect } from '@wilco/client';
import { listen } from '@wilco/server';
import { bindToPath } from '../../packages/endpoint/src/unix-socket.ts';
import { test } from './endpoints.ts';
import { Blob, Count } from './messages.ts';

let folder = '';
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wilco-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function freshPath(): string {
  files += 1;
  return join(folder, `${files}.sock`);
}

describe('a Unix socket', () => {
  test('carries messages in both directions, and says where it is', async ({ here }) => {
    const path = freshPath();
    const remotes: string[] = [];
    const server = here.add(
      await listen({
        path,
        authenticate: ({ remote }) => (remotes.push(remote), { identity: '' }),
      }),
    );
    server.handle(Blob, (bytes) => bytes.length);
    server.on('session', (session) => session.send(Count, 7));
    expect(server.address).toEqual({ host: 'localhost', port: 0, path });
    // What a server says of its address is what a client needs.
    const client = here.add(connect(server.address));
    const came = new Promise((resolve) => {
      client.handle(Count, (number) => (resolve(number), number));
    });
    expect(await client.send(Blob, new Uint8Array(3_000_000)).handled).toBe(3_000_000);
    expect(await came).toBe(7);
    const other = here.add(connect({ path }));
    await other.opened;
    expect(remotes).toEqual([`unix:${path}#1`, `unix:${path}#2`]);
  });

  test('needs no word about plain text', async ({ here }) => {
    const path = freshPath();
    const server = here.add(await listen({ path }));
    const client = here.add(connect({ path, addresses: [{ path }] }));
    await client.opened;
    expect(server.address.path).toBe(path);
  });

  test('resumes the session when the server has cut it, and when the server is new', async ({
    here,
  }) => {
    const path = freshPath();
    const first = here.add(await listen({ path, retrySpreadMs: 0 }));
    first.handle(Count, (number) => number);
    const client = here.add(connect({ path, reconnect: { minMs: 5, maxMs: 50 } }));
    expect(await client.send(Count, 1).handled).toBe(1);
    await first.close({ drainMs: 0 });
    const receipt = client.send(Count, 2);
    const second = here.add(await listen({ path }));
    second.handle(Count, (number) => number);
    expect(await receipt.handled).toBe(2);
  });

  test('has a file for its own user only, or for whom it was said', async ({ here }) => {
    const [shut, open] = [freshPath(), freshPath()];
    here.add(await listen({ path: shut }));
    here.add(await listen({ path: open, mode: 0o666 }));
    expect(statSync(shut).mode & 0o777).toBe(0o600);
    expect(statSync(open).mode & 0o777).toBe(0o666);
    await expect(listen({ path: freshPath(), mode: 0o1000 })).rejects.toMatchObject({
      code: 'WILCO_OPTION_INVALID',
    });
  });

  test('takes its file away when it is closed', async () => {
    const path = freshPath();
    const server = await listen({ path });
    expect(existsSync(path)).toBe(true);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe('a file that is there already', () => {
  test('is replaced if the process that listened on it was killed', async ({ here }) => {
    const path = freshPath();
    await listenAndDie(path);
    expect(statSync(path).isSocket()).toBe(true);
    const server = here.add(await listen({ path }));
    server.handle(Count, (number) => number);
    const client = here.add(connect({ path }));
    expect(await client.send(Count, 1).handled).toBe(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is left alone if somebody listens on it, who notices nothing', async ({ here }) => {
    const path = freshPath();
    const server = here.add(await listen({ path }));
    server.handle(Count, (number) => number);
    const client = here.add(connect({ path }));
    await client.opened;
    await expect(listen({ path })).rejects.toMatchObject({
      code: 'WILCO_LISTEN_FAILED',
      message: expect.stringContaining('another process listens on it'),
    });
    expect(await client.send(Count, 1).handled).toBe(1);
    const late = here.add(connect({ path }));
    expect(await late.send(Count, 2).handled).toBe(2);
  });

  test('is left alone if another process has replaced it while this one asked', async ({
    here,
  }) => {
    const path = freshPath();
    await listenAndDie(path);
    const taken = Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
    const bound = bindToPath(() => Promise.reject(taken), path, 0o600);
    const failed = expect(bound).rejects.toBe(taken);
    // Until it has asked, and not until it has heard the answer.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    unlinkSync(path);
    const other = createServer().listen(path);
    here.add({ close: () => new Promise<void>((resolve) => void other.close(() => resolve())) });
    await failed;
    expect(existsSync(path)).toBe(true);
  });

  test('is left alone if it is no socket', async () => {
    const path = freshPath();
    writeFileSync(path, 'precious');
    await expect(listen({ path })).rejects.toMatchObject({
      code: 'WILCO_LISTEN_FAILED',
      message: expect.stringContaining('is not a socket'),
    });
    expect(statSync(path).size).toBe(8);
  });
});

describe('a path', () => {
  test('that is too long for the system is refused before it is cut short', async () => {
    const path = join(folder, 'x'.repeat(108 - folder.length));
    const wanted = { code: 'WILCO_OPTION_INVALID', message: expect.stringContaining('bytes') };
    await expect(listen({ path })).rejects.toMatchObject(wanted);
    expect(() => connect({ path })).toThrow('WILCO_OPTION_INVALID');
  });

  test.runIf(process.platform === 'linux')(
    'may be as long as the system allows',
    async ({ here }) => {
      const path = join(folder, 'x'.repeat(107 - folder.length - 1));
      expect(Buffer.byteLength(path)).toBe(107);
      here.add(await listen({ path }));
      const client = here.add(connect({ path }));
      await client.opened;
      expect(existsSync(path)).toBe(true);
    },
  );

  test('in a folder that is not there fails with what the system said', async () => {
    const path = join(folder, 'nowhere', 'a.sock');
    await expect(listen({ path })).rejects.toMatchObject({
      code: 'WILCO_LISTEN_FAILED',
      cause: { code: expect.stringMatching(/ENOENT|EACCES/) },
    });
  });

  test('that nobody listens on is tried again until somebody does', async ({ here }) => {
    const path = freshPath();
    const client = here.add(connect({ path, reconnect: { minMs: 5, maxMs: 20 } }));
    const failed = new Promise<unknown>((resolve) => {
      client.once('connectFailed', ({ error }) => resolve(error));
    });
    const receipt = client.send(Count, 1);
    expect(await failed).toMatchObject({
      code: 'WILCO_CONNECT_FAILED',
      cause: { code: 'ENOENT' },
      message: expect.stringContaining(`unix:${path}`),
    });
    const server = here.add(await listen({ path }));
    server.handle(Count, (number) => number);
    expect(await receipt.handled).toBe(1);
  });

  test('excludes TLS, and a port beside it is not looked at', async ({ here }) => {
    const path = freshPath();
    expect(() => connect({ path, tls: true })).toThrow('WILCO_OPTION_INVALID');
    await expect(listen({ path, tls: { cert: '', key: '' } })).rejects.toMatchObject({
      code: 'WILCO_OPTION_INVALID',
    });
    here.add(await listen({ path, port: 1, host: 'example.com' }));
    await here.add(connect({ path, port: 1, host: 'example.com' })).opened;
  });
});

test('bytes of a stranger on a Unix socket end that connection, and nothing else', async ({
  here,
}) => {
  const path = freshPath();
  const server = here.add(await listen({ path }));
  server.handle(Count, (number) => number);
  const stranger = dial({ path });
  stranger.end('GET / HTTP/1.1\r\n\r\n');
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    stranger.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    stranger.on('error', reject);
    stranger.on('close', () => resolve(text));
  });
  expect(answer).toContain('WILCO_PREAMBLE_UNKNOWN');
  const client = here.add(connect({ path }));
  expect(await client.send(Count, 1).handled).toBe(1);
});

/** A process that listens and is killed leaves its file behind. */
function listenAndDie(path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const child = spawn(process.execPath, ['-e', program, path], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => resolve());
  });
}
