import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildRecords, buildId } from '../../../../plugins/ci/images/records.ts';
import type { TargetSettings } from '../../../../plugins/ci/images/targets.ts';
import { Uploads } from '../../../../plugins/ci/images/uploads.ts';
import { temporaryFolder } from '../../../support/hub.ts';

const ignore = () => undefined;

/** Builds of an image `tiny`, with a file each, and uploads of them to `targets`. */
export async function openUploads(targets: Record<string, TargetSettings>) {
  const folder = await temporaryFolder();
  const records = new BuildRecords(join(folder, 'images'));
  await records.refresh();
  const states: (string | undefined)[] = [];
  const uploads = new Uploads({
    records,
    targets,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    signal: new AbortController().signal,
    changed: () => states.push(records.of('tiny')[0]?.uploads?.[0]?.state),
  });
  const upload = async (day: number) => {
    const started = Date.UTC(2026, 10, day, 14, 14);
    const id = buildId('tiny', started);
    await records.put({ id, name: 'tiny', state: 'ready', started, duration: 1000 });
    await writeFile(join(records.folderOf(id), 'image.qcow2'), `image of day ${day}`);
    await uploads.upload(id, { targets: Object.keys(targets) });
    return records.get(id)?.uploads?.[0];
  };
  return { upload, states };
}
