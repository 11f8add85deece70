import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/hub.ts';
import { ask, startHttp } from './parts.ts';

const SCRIPT = 'console.log("a script long enough to be worth compressing");\n'.repeat(50);

async function startWithPage() {
  const webFolder = join(await temporaryFolder(), 'web');
  await mkdir(join(webFolder, 'assets'), { recursive: true });
  await writeFile(join(webFolder, 'index.html'), '<!doctype html><title>Cupboard</title>');
  await writeFile(join(webFolder, 'assets/main-abc123.js'), SCRIPT);
  await writeFile(join(webFolder, '..', 'secret.txt'), 'not for everyone');
  return { webFolder, ...(await startHttp({ webFolder })) };
}

test('paths of the page are the page, missing files and routes are missing', async () => {
  const { url } = await startWithPage();
  const status = async (path: string) => (await ask(url, 'GET', path)).status;
  for (const path of ['/', '/plugins', '/plugin/acurite', '/setup'])
    expect([path, await status(path)]).toEqual([path, 200]);
  for (const path of ['/missing.js', '/assets/old-1.js', '/api/v2/x', '/api/v1/none', '/mqtt', '/plugins/none/x']) {
    expect([path, (await ask(url, 'GET', path)).status]).not.toEqual([path, 200]);
  }
  expect((await ask(url, 'POST', '/')).status).toBe(404);
});

test('nothing outside the folder is served, however it is asked for', async () => {
  const { url } = await startWithPage();
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/%00',
    '/%',
  ]) {
    const answer = await ask(url, 'GET', path);
    expect([path, answer.text.includes('not for everyone')]).toEqual([path, false]);
  }
});

test('hashed files are kept for ever, the others are asked for again and cost nothing unchanged', async () => {
  const { url, webFolder } = await startWithPage();
  const script = await ask(url, 'GET', '/assets/main-abc123.js');
  expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  const page = await ask(url, 'GET', '/');
  expect(page.headers['cache-control']).toBe('no-cache');
  const tag = { 'if-none-match': page.headers.etag ?? '' };
  expect(await ask(url, 'GET', '/', { headers: tag })).toMatchObject({ status: 304, text: '' });
  await writeFile(join(webFolder, 'index.html'), '<!doctype html><title>Rebuilt</title>');
  expect((await ask(url, 'GET', '/', { headers: tag })).status).toBe(200);
});

test('is compressed as the browser likes', async () => {
  const { url } = await startWithPage();
  const fetched = async (encoding: string) => {
    const asked = get(`${url}/assets/main-abc123.js`, { headers: { 'accept-encoding': encoding } });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const chunks = await answer.toArray();
    return { encoding: answer.headers['content-encoding'], content: Buffer.concat(chunks) };
  };
  const brotli = await fetched('gzip, deflate, br');
  expect(brotli.encoding).toBe('br');
  expect(brotliDecompressSync(brotli.content).toString()).toBe(SCRIPT);
  const gzip = await fetched('gzip');
  expect(gzip.encoding).toBe('gzip');
  expect(gunzipSync(gzip.content).toString()).toBe(SCRIPT);
  const plain = await fetched('identity');
  expect(plain).toEqual({ encoding: undefined, content: Buffer.from(SCRIPT) });
});
