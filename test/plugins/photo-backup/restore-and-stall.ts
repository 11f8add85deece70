// Run as a program: restores from a directory, but the transfer of one file stalls for ever after some bytes; says so on
// stdout. Arguments: the target's folder, the folder to restore to, the key that stalls, the bytes before it does.
import { Readable } from 'node:stream';
import { restoreFiles } from '../../../plugins/photo-backup/restore.ts';
import { openTarget } from '../../../plugins/photo-backup/targets/index.ts';
import type { Target } from '../../../plugins/photo-backup/targets/target.ts';
import { wantedByManifest } from '../../../plugins/photo-backup/wanted.ts';

const [path = '', to = '', stalling = '', after = '0'] = process.argv.slice(2);
const signal = new AbortController().signal;
const common = { name: 'safe', prefix: '', region: '', options: {}, replace: 'versioned' } as const;
const real = openTarget({ ...common, type: 'directory', path }, { dataDir: '/' });

async function* stalled(whole: Readable) {
  let left = Number(after);
  for await (const block of whole) {
    yield (block as Buffer).subarray(0, left);
    left -= (block as Buffer).length;
    if (left > 0) continue;
    process.stdout.write('stalled\n');
    await new Promise(() => setInterval(() => undefined, 60_000));
  }
}
const target: Target = {
  ...real,
  get: async (key, from) => {
    const whole = await real.get(key, from, signal);
    return key === stalling ? Readable.from(stalled(whole)) : whole;
  },
};
await restoreFiles(target, await wantedByManifest(target, undefined, signal), to, { signal });
