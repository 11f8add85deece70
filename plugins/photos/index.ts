import type { StartPlugin } from 'cupboard/sdk';
import { startCards } from './cards/index.ts';
import type { Config } from './config.ts';
import { ingestCommands } from './ingest/commands.ts';
import { openIngest } from './ingest/index.ts';
import { patternProblem } from './ingest/week.ts';
import { metadataCommands, openMetadata } from './metadata/index.ts';
import { MIGRATIONS } from './migrations.ts';
import { serveRoutes } from './routes.ts';
import { tendArchive } from './tend.ts';

const start: StartPlugin<Config> = async (hub) => {
  const problem = patternProblem(hub.config);
  if (problem !== undefined) return hub.waiting(problem, 'Correct it in the settings.');
  const metadata = openMetadata(hub);
  const photos = await openIngest(hub, hub.store(MIGRATIONS), metadata);
  ingestCommands(photos);
  tendArchive(photos);
  hub.letter(
    'Photos',
    `Photos and videos lie in ${photos.archive.root}, one folder for each week, as ordinary files that any computer opens. A memory card put into the reader is copied there; it may be pulled when the page or the light says so.`,
  );
  metadataCommands(photos, metadata);
  await serveRoutes(photos, metadata);
  const stopCards = await startCards(photos);
  return async () => {
    await stopCards();
    await photos.jobs.settled();
    await metadata.close();
  };
};
export default start;
