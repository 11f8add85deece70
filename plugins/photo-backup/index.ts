import type { StartPlugin } from 'cupboard/sdk';
import { openBackup } from './backup.ts';
import { engineCommands } from './commands.ts';
import { type Config, wrongSchedule } from './config.ts';
import { publishDocuments } from './documents/publish.ts';
import { openDrills } from './drill.ts';
import { startEngine } from './engine.ts';
import { openFlickr } from './flickr/index.ts';
import { openLetter } from './letter.ts';
import { openReaders } from './readers.ts';
import { openRestore } from './restore-command.ts';

const start: StartPlugin<Config> = async (hub) => {
  const wrong = wrongSchedule(hub.config);
  if (wrong !== undefined) return hub.waiting(wrong, 'A schedule has five fields: 0 3 * * * is every night at three.');
  const backup = openBackup(hub);
  const router = await hub.http();
  openRestore(hub, backup);
  openDrills(hub, backup);
  openLetter(hub, backup, router);
  openReaders(hub, backup);
  const places = [...backup.places.keys()].join(', ');
  if (places !== '') {
    hub.letter(
      'Copies of the photos',
      `There are copies of the photos in: ${places}. Each has a file README.txt that explains it. How to get at them stands in a letter of its own: ask this box's page for it, plugin photo-backup.`,
    );
  }
  await openFlickr(hub, backup, router);
  const engine = await startEngine(hub, backup, async (place, signal) => {
    const { store } = backup;
    await publishDocuments(place, hub.config, { store, signal, now: Date.now(), timezone: hub.timezone });
  });
  engineCommands(hub, backup, engine);
  return () => engine.stopped;
};
export default start;
