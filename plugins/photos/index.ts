import type { StartPlugin } from 'cupboard/sdk';
import { startCards } from './cards/index.ts';
import { Catalogue } from './catalogue.ts';
import type { Config } from './config.ts';
import { openIngest } from './ingest/index.ts';
import { metadataCommands, openMetadata } from './metadata/index.ts';
import { MIGRATIONS } from './migrations.ts';
import { serveRoutes } from './routes.ts';

const start: StartPlugin<Config> = async (hub) => {
  const store = hub.store(MIGRATIONS);
  const metadata = openMetadata(hub.config.exiftool);
  const photos = openIngest(hub, store, new Catalogue(store), metadata);
  metadataCommands(photos, metadata);
  await serveRoutes(photos);
  await startCards(photos);
  return () => metadata.close();
};
export default start;
