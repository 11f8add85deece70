import type { StartPlugin } from 'cupboard/sdk';
import { openBackup } from './backup.ts';
import type { Config } from './config.ts';
import { openDrills } from './drill.ts';
import { openFlickr } from './flickr/index.ts';
import { openLetter } from './letter.ts';
import { openReaders } from './readers.ts';
import { openRestore } from './restore-command.ts';

const start: StartPlugin<Config> = async (hub) => {
  const backup = openBackup(hub);
  const router = await hub.http();
  openRestore(hub, backup);
  openDrills(hub, backup);
  openLetter(hub, backup, router);
  openReaders(hub, backup);
  await openFlickr(hub, backup, router);
};
export default start;
