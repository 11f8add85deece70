import type { StartPlugin } from 'cupboard/sdk';
import { openActing } from './acting.ts';
import { addCommands } from './commands.ts';
import type { Config } from './config.ts';
import { MIGRATIONS } from './migrations.ts';
import { serveRecordings } from './recorder/download.ts';
import { openStation } from './station.ts';
import { watchPorts } from './watch-ports.ts';

const start: StartPlugin<Config> = async (hub) => {
  const store = hub.store(MIGRATIONS);
  const station = await openStation(hub, store);
  watchPorts(hub);
  hub.letter(
    'Cable modem',
    'Thin wires lead from this box into the cable modem. Through them the box only listens; they may be pulled at any time, and the internet goes on.',
  );
  addCommands(hub, store, station);
  serveRecordings(await hub.http(), store, station.recordings);
  const closeActing = await openActing(hub, [...station.consoles.values()]);
  return async () => {
    await closeActing();
    await station.close();
  };
};
export default start;
