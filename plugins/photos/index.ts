import type { StartPlugin } from 'cupboard/sdk';
import { startCards } from './cards/index.ts';
import type { Config } from './config.ts';
import { ingestCommands } from './ingest/commands.ts';
import { openIngest } from './ingest/index.ts';
import { metadataCommands, openMetadata } from './metadata/index.ts';
import { MIGRATIONS } from './migrations.ts';
import { serveRoutes } from './routes.ts';

const start: StartPlugin<Config> = async (hub) => {
  const metadata = openMetadata(hub.config.exiftool);
  const photos = await openIngest(hub, hub.store(MIGRATIONS), metadata);
  ingestCommands(photos, photos.imports);
  metadataCommands(photos, metadata);
  await serveRoutes(photos);
  await startCards(photos);
  return () => metadata.close();
};
export default start;
