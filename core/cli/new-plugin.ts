import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode, HubError } from '../support/errors.ts';
import { print } from './output.ts';

/**
 * Writes a plugin that runs as it is: the smallest thing with a reading, a command, a setting and a test. It appears
 * whole, so that the hub may be watching the folder it is made in.
 */
export async function newPlugin(folder: string): Promise<void> {
  const id = basename(folder);
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(id)) {
    throw new HubError('plugin_name', `expected a name of lower-case letters, digits and hyphens, got "${id}"`);
  }
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(join(dirname(folder), '.new-plugin-'));
  try {
    for (const [name, text] of Object.entries(files(id))) await writeFile(join(draft, name), text);
    await chmod(draft, 0o755);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
    throw new HubError('plugin_exists', `${folder} is already there: choose another name`, { cause: error });
  }
  print(`wrote ${folder}\ntest it: cd ${folder} && npm test`);
}

const toJson = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

function files(id: string): Readonly<Record<string, string>> {
  const name = id.charAt(0).toUpperCase() + id.slice(1).replaceAll('-', ' ');
  return {
    'plugin.json': toJson({
      id,
      name,
      version: '0.1.0',
      description: 'Says how full the disk is',
      license: 'MIT',
      hub: '1',
      main: 'index.ts',
      config: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'A folder on the disk to watch', default: '/' },
          seconds: { type: 'integer', description: 'Seconds between readings', default: 60, minimum: 1 },
        },
      },
      commands: { measure: { description: 'Measures now and answers the reading' } },
    }),
    // Its own test and its own tools; the hub needs nothing of it.
    'package.json': toJson({
      name: id,
      version: '0.1.0',
      private: true,
      type: 'module',
      scripts: { test: 'node --test' },
    }),
    'index.ts': INDEX,
    'decode.js': DECODE,
    'decode.test.js': TEST,
    'README.md': readme(id, name),
  };
}

const INDEX = `import { statfs } from 'node:fs/promises';
import type { Hub } from 'cupboard/sdk';
import { decodeUsage } from './decode.js';

interface Config {
  path: string;
  seconds: number;
}

/**
 * Called when the hub starts the plugin. Timers, commands and subscriptions end by themselves when it stops; what else
 * was opened is closed in a function that may be returned from here.
 */
export default async function start(hub: Hub<Config>) {
  const disk = hub.device('disk', {
    name: 'Disk',
    sensors: {
      used: { unit: '%', state_class: 'measurement', period: hub.config.seconds },
      free: { unit: 'B', device_class: 'data_size', state_class: 'measurement', period: hub.config.seconds },
    },
  });

  const measure = async () => {
    const reading = decodeUsage(await statfs(hub.config.path));
    await disk.report(reading);
    return reading;
  };

  hub.every(hub.config.seconds, async () => void (await measure()));
  hub.command('measure', async () => ({ ok: true, ...(await measure()) }));
}
`;

const DECODE = `/**
 * What statfs(2) answers, as readings. Apart from the device, so that a test needs none; in plain JavaScript, so that
 * the test needs no tools either.
 *
 * @param {{ blocks: number, bavail: number, bsize: number }} statistics
 */
export function decodeUsage({ blocks, bavail, bsize }) {
  // A file system without blocks (proc, sys) is neither full nor empty.
  const used = blocks === 0 ? null : Math.round((1 - bavail / blocks) * 1000) / 10;
  return { used, free: bavail * bsize };
}
`;

const TEST = `import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeUsage } from './decode.js';

test('a quarter of the disk is used', () => {
  assert.deepEqual(decodeUsage({ blocks: 1000, bavail: 750, bsize: 4096 }), { used: 25, free: 3_072_000 });
});

test('a file system without blocks has no share', () => {
  assert.deepEqual(decodeUsage({ blocks: 0, bavail: 0, bsize: 4096 }), { used: null, free: 0 });
});
`;

const readme = (id: string, name: string) => `# ${name}

Says how full the disk is.

| key | what | default |
|---|---|---|
| \`path\` | a folder on the disk to watch | \`/\` |
| \`seconds\` | seconds between readings | \`60\` |

| topic | payload |
|---|---|
| \`${id}/disk\` | \`{time, updated, used, free}\`: % and bytes |
| \`${id}/command/measure\` | measures now |

\`npm test\` runs the tests. In the \`plugins\` folder of a data directory the hub runs the plugin and takes every change
at once; from elsewhere \`cupboard plugins install FOLDER\` puts it there.
`;
