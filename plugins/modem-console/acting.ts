import { errorText, type Hub } from 'cupboard/sdk';
import { registerCommands } from './acting-commands.ts';
import { serveAttach } from './attach-server.ts';
import type { Config } from './config.ts';
import type { Console } from './console.ts';
import { KeyLog } from './key-log.ts';
import { serveNetwork } from './network.ts';
import { serveTerminals } from './routes.ts';
import { Session } from './session.ts';
import { addSimulate } from './simulate.ts';

/**
 * Opens every way by which people may watch the consoles and, one at a time, type: the page, `attach`, the network and
 * the commands. Answers what closes them.
 */
export async function openActing(hub: Hub<Config>, consoles: readonly Console[]): Promise<() => Promise<void>> {
  const keys = new KeyLog(hub.dataDir, hub.log);
  const sessions = new Map(consoles.map((console) => [console.id, new Session(console, keys)]));
  registerCommands(hub, sessions);
  addSimulate(hub);
  await serveTerminals(await hub.http(), sessions);
  const closing = [serveAttach(hub.dataDir, sessions), ...[...sessions.values()].map((each) => openNetwork(hub, each))];
  const opened = await Promise.all(
    closing.map((way) =>
      // A port that is taken costs that way, not the recording.
      way.catch((error: unknown) => {
        hub.log.error(errorText(error));
        return async () => undefined;
      }),
    ),
  );
  return async () => {
    for (const session of sessions.values()) session.close();
    await Promise.all(opened.map((close) => close()));
    await keys.close();
  };
}

async function openNetwork(hub: Hub<Config>, session: Session): Promise<() => Promise<void>> {
  const { id, settings } = session.console;
  if (!settings.network) return async () => undefined;
  const { port, close } = await serveNetwork(session, settings.network, hub.log);
  hub.log.info(`${id}: network console on ${settings.network.host}:${port}`);
  return close;
}
