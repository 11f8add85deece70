import type { StartPlugin } from 'cupboard/sdk';
import { openActing } from './acting.ts';
import type { Config } from './config.ts';
import { openConsole } from './console.ts';
import { watchPorts } from './watch-ports.ts';

const start: StartPlugin<Config> = async (hub) => {
  const consoles = Object.entries(hub.config.consoles).map(([id, settings]) => openConsole(id, settings, hub));
  for (const console of consoles) {
    const device = hub.device(console.id, {
      name: console.name,
      sensors: { state: { name: 'State' } },
      ...(console.settings.simulator !== undefined && { simulated: true }),
    });
    const report = () => void device.report({ state: console.port.state });
    console.onPort(report);
    report();
  }
  watchPorts(hub);
  const closeActing = await openActing(hub, consoles);
  return async () => {
    await closeActing();
    await Promise.all(consoles.map((console) => console.closed));
  };
};
export default start;
