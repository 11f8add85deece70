import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Header, pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { unpackTar } from '../../../plugins/ci/unpack.ts';
import { temporaryFolder } from '../../support/hub.ts';

function tarOf(...entries: readonly (Partial<Header> & { name: string; text?: string })[]) {
  const tar = pack();
  for (const { text = '', ...header } of entries) tar.entry(header, text);
  tar.finalize();
  return tar as unknown as AsyncIterable<Uint8Array>;
}

test('takes plain files that are wanted, and nothing that leads elsewhere', async () => {
  const folder = await temporaryFolder();
  const tar = tarOf(
    { name: './out/report', text: 'kept' },
    { name: '../up', text: 'no' },
    { name: '/etc/absolute', text: 'no' },
    { name: 'out/../../up', text: 'no' },
    { name: 'link', type: 'symlink', linkname: '/etc/passwd' },
    { name: 'link/below', text: 'no' },
    { name: 'device', type: 'character-device' },
    { name: 'not-asked-for', text: 'no' },
    { name: 'last', text: 'kept too', mode: 0o4777 },
  );
  await unpackTar(tar, folder, 1000, (path) => path !== 'not-asked-for' && path !== 'link/below');
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(['last', 'out', 'out/report']);
  expect(await readFile(join(folder, 'out/report'), 'utf8')).toBe('kept');
});

test('stops where there is more than may be kept, and where the tar is cut', async () => {
  const folder = await temporaryFolder();
  const all = () => true;
  await expect(unpackTar(tarOf({ name: 'a', text: 'x'.repeat(2000) }), folder, 1000, all)).rejects.toThrow('more than');
  const whole: Uint8Array[] = [];
  for await (const part of tarOf({ name: 'b', text: 'x'.repeat(500) })) whole.push(part);
  const cut = async function* () {
    yield Buffer.concat(whole).subarray(0, 700);
  };
  await expect(unpackTar(cut(), folder, 1000, all)).rejects.toThrow();
});
