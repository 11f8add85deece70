import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished } from 'vitest';
import type { ImageSettings } from '../../../plugins/ci/images/config.ts';
import { ImageStore } from '../../../plugins/ci/images/store.ts';
import type { TargetSettings } from '../../../plugins/ci/images/targets.ts';
import type { ImageStatus } from '../../../plugins/ci/view.ts';
import { makeRootArchive } from '../../support/ci-image.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const testRoot = testNeeding('root', 'busybox', 'flock');
let archive: string;

beforeAll(async () => {
  const folder = await mkdtemp();
  archive = await makeRootArchive(folder);
  return () => execFileSync('rm', ['-rf', folder]);
});

const ignore = () => undefined;
const mkdtemp = async () => execFileSync('mktemp', ['-d', '/tmp/cupboard-image.XXXXXX'], { encoding: 'utf8' }).trim();

/** A store with images of the tiny archive, elements of its own, and a data folder that goes with the test. */
async function openStore(
  images: Record<string, ImageSettings>,
  dataDir?: string,
  targets: Record<string, TargetSettings> = {},
) {
  const data = dataDir ?? (await temporaryFolder());
  const elements = join(data, 'elements');
  const said: ImageStatus[] = [];
  const stopping = new AbortController();
  const withArchive = Object.entries(images).map(([name, settings]) => [name, { rootfs: archive, ...settings }]);
  const store = new ImageStore({
    images: Object.fromEntries(withArchive),
    targets,
    elementFolders: [elements],
    dataDir: data,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    signal: stopping.signal,
    publish: (_, status) => status && said.push(status),
  });
  onTestFinished(async () => {
    stopping.abort();
    await store.stop();
  });
  await store.start();
  return { store, data, elements, said };
}

/** Writes files of an element; those in a phase's folder can be run unless their name ends in `!`. */
async function writeElement(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name.replace(/!$/, ''));
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
    await chmod(path, name.endsWith('!') ? 0o644 : 0o755);
  }
}

const note = (word: string, file = '/order') => `#!/bin/sh\nset -e\necho ${word} >> ${file}\n`;
const hostNote = (word: string) => note(word, '$TARGET_ROOT/order');
const mounts = () => readFileSync('/proc/self/mounts', 'utf8');

testRoot('runs the phases in order, each script by the rules of run-parts, inside the tree or beside it', async () => {
  const { store, elements } = await openStore({
    tiny: { elements: ['one'], packages: [], environment: { GIVEN: 'yes' } },
  });
  await writeElement(join(elements, 'one'), {
    'element-deps': 'two # comes along\n',
    'environment.d/10-one.bash!': 'export SOURCED=$GIVEN-sourced\n',
    'root.d/50-root': hostNote('root'),
    'extra-data.d/10-data':
      '#!/bin/sh\necho from-the-host > "$TMP_HOOKS_PATH/data"\necho extra-data >> $TARGET_ROOT/order\n',
    'pre-install.d/10-pre': note('pre-install'),
    'install.d/2-two': note('2'),
    'install.d/10-ten': note('10'),
    'install.d/11-a.dot': note('never: a dot'),
    'install.d/12-not-executable!': note('never: not executable'),
    'install.d/one-source-install/20-source': note('source'),
    'install.d/one-package-install/20-package': note('never: another install type'),
    'post-install.d/10-post':
      '#!/bin/sh\ncat /tmp/in_target.d/data >> /order\necho "$SOURCED $(id -u)" >> /order\n! touch /tmp/in_target.d/x\n',
    'post-root.d/10-post-root': hostNote('post-root'),
    'block-device.d/10-block': hostNote('never: no disk is wanted'),
    'pre-finalise.d/10-pre-finalise': hostNote('pre-finalise'),
    'finalise.d/10-finalise': note('finalise'),
    'cleanup.d/10-cleanup': hostNote('cleanup'),
  });
  await writeElement(join(elements, 'two'), { 'install.d/5-five': note('5') });

  const { id, state } = await store.build('tiny');

  expect(state).toBe('ready');
  const image = await store.use('tiny');
  expect(image?.build).toBe(id);
  expect((await readFile(join(image?.root ?? '', 'order'), 'utf8')).trim().split('\n')).toEqual([
    'root',
    'extra-data',
    'pre-install',
    '2',
    '5',
    '10',
    'source',
    'from-the-host',
    'yes-sourced 0',
    'post-root',
    'pre-finalise',
    'finalise',
    'cleanup',
  ]);
  expect(await readdir(join(image?.root ?? '', 'tmp'))).toEqual([]);
  expect(mounts()).not.toContain('in_target.d');
});

testRoot('stops at the first script that fails, says which, and goes on using the image before', async () => {
  const { store, elements, said } = await openStore({ tiny: { elements: ['job'] } });
  await writeElement(join(elements, 'job'), { 'install.d/10-job': note('fine') });
  const good = await store.build('tiny');
  await writeElement(join(elements, 'job'), {
    'install.d/10-job': '#!/bin/sh\necho this is why >&2\nexit 3\n',
    'install.d/20-later': note('never'),
  });

  await expect(store.build('tiny')).rejects.toMatchObject({
    code: 'image_failed',
    message: expect.stringContaining('install.d/10-job failed with status 3'),
  });

  expect((await store.use('tiny'))?.build).toBe(good.id);
  const failed = store.status('tiny').builds[0];
  expect(failed).toMatchObject({ state: 'failed', reason: 'install.d/10-job failed with status 3: this is why' });
  const log = await store.log(failed?.id ?? '');
  let text = '';
  for await (const bytes of log?.read(0, log.size) ?? []) text += Buffer.from(bytes).toString();
  expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| this is why$/m);
  expect(text).not.toContain('20-later');
  expect(said.map(({ state }) => state)).toContain('building');
  expect(store.status('tiny')).toMatchObject({ state: 'ready' });
});

testRoot('uses no image whose smoke job failed, and a smoke job changes nothing', async () => {
  const { store } = await openStore({ tiny: { smoke: 'echo spoilt > /etc/passwd; test -e /wanted' } });

  await expect(store.build('tiny')).rejects.toMatchObject({ code: 'image_failed' });
  expect(await store.use('tiny')).toBeUndefined();

  const other = await openStore({
    tiny: { smoke: 'echo spoilt > /etc/passwd; test "$(grep -c : /proc/net/dev)" = 1' },
  });
  await other.store.build('tiny');
  const image = await other.store.use('tiny');
  expect(await readFile(join(image?.root ?? '', 'etc/passwd'), 'utf8')).toContain('root:x:0:0');
});

testRoot('keeps the two newest images, and an older one as long as it is in use', async () => {
  const { store, data } = await openStore({ tiny: {} });
  const first = await store.build('tiny');
  const inUse = await store.use('tiny');
  const second = await store.build('tiny');
  const third = await store.build('tiny');
  const kept = () => readdir(join(data, 'images')).then((names) => names.filter((name) => /T\d{6}$/.test(name)).sort());

  expect(await kept()).toEqual([first.id, second.id, third.id]);
  inUse?.release();
  await waitFor('the oldest image to go', async () => (await kept()).length === 2);
  expect(await kept()).toEqual([second.id, third.id]);
});

testRoot('sweeps what a kill -9 left half-built', async () => {
  const data = await temporaryFolder();
  const element = join(data, 'elements/slow');
  await writeElement(element, { 'install.d/10-slow': '#!/bin/sh\necho "$PPID" > /began\nexec sleep 600\n' });
  const settings = { rootfs: archive, elements: ['slow'], cron: false };
  const config = { plugins: { ci: { images: { tiny: settings }, elements: [join(data, 'elements')] } } };
  await writeFile(join(data, 'cupboard.yaml'), JSON.stringify(config));
  const cupboard = new URL('../../../dist/cupboard.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [cupboard, 'run', 'ci', 'build-image', 'tiny'], {
    env: { ...process.env, CUPBOARD_DATA: data },
    stdio: 'ignore',
  });
  const pluginData = join(data, 'plugin-data/ci');
  const began = await waitFor('the build to be in its script', async () => {
    const [id] = await readdir(join(pluginData, 'images')).then(
      (names) => names.filter((name) => name.startsWith('tiny-')),
      () => [],
    );
    return id !== undefined && existsSync(join(pluginData, 'images', id, 'work/mnt/began')) && id;
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await waitFor('its processes to end', () => {
    const running = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    return !running.includes(`${pluginData}/images/${began}`) && !running.includes('tmp/in_target.d/install.d/10-slow');
  });

  const { store } = await openStore({ tiny: {} }, pluginData);

  expect(store.status('tiny').builds).toMatchObject([{ id: began, state: 'failed', reason: 'cut short' }]);
  expect(await readdir(join(pluginData, 'images', began))).toEqual(['build.json']);
  expect(mounts()).not.toContain(began);
});

testRoot('builds one image at a time, and says what is missing before it begins', async () => {
  const { store } = await openStore({ one: {}, two: {}, huge: { need_mb: 10 ** 9 } });

  const [one, joined, two] = await Promise.all([store.build('one'), store.build('one'), store.build('two')]);

  expect(joined).toBe(one);
  expect(two.started).toBeGreaterThanOrEqual(one.started + (one.duration ?? 0) - 1000);
  await expect(store.build('huge')).rejects.toThrow(/MiB free, a build needs 1000000000/);
  await expect(store.build('three')).rejects.toMatchObject({ code: 'image_unknown' });
});

testRoot('starts from an archive behind a URL, fetched once, and only with its checksum', async () => {
  const bytes = await readFile(archive);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  let fetched = 0;
  const server = createServer((_, response) => {
    fetched += 1;
    response.end(bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const rootfs = `http://127.0.0.1:${(server.address() as AddressInfo).port}/root.tar`;
  const { store } = await openStore({
    good: { rootfs, sha256 },
    wrong: { rootfs, sha256: 'f'.repeat(64) },
    none: { rootfs },
  });

  await store.build('good');
  await store.build('good');
  expect(fetched).toBe(1);
  await expect(store.build('wrong')).rejects.toMatchObject({ code: 'image_failed' });
  await expect(store.build('none')).rejects.toMatchObject({ code: 'image_failed' });
});
