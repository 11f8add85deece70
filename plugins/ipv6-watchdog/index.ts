import type { Device, Hub, JsonObject, StartPlugin } from 'cupboard/sdk';
import { commands, readTraffic, type Watched } from './commands.ts';
import { type Config, type Tunnel, toTunnel } from './config.ts';
import { measure, parseDestination } from './cost/connection.ts';
import { Costs } from './cost/costs.ts';
import { weightByUsage } from './cost/usage.ts';
import { createDevice } from './device.ts';
import { exposure } from './firewall/live.ts';
import { type Memory, MIGRATIONS, openMemory } from './memory.ts';
import { createPing } from './ping.ts';
import { probe } from './probes.ts';
import { createRun, type Run } from './run.ts';
import { simulatedTunnel, simulatePast } from './simulator.ts';
import { describeTunnel, readingsOf } from './state.ts';
import { Watch } from './watch.ts';

/** s between two looks at the firewall in force. */
const EXPOSURE_EVERY = 30;

const start: StartPlugin<Config> = async (hub) => {
  const store = hub.store(MIGRATIONS);
  const memory = openMemory(store);
  const tunnels = Object.entries(hub.config.tunnels).map(([name, config]) => toTunnel(name, config));
  const watched = tunnels.map((tunnel) => watchOf(hub, tunnel, memory));
  commands(hub, watched, memory);
  if (tunnels.length > 0) hub.letter('Internet', letterOf(tunnels));
  const [first] = watched;
  if (!first) {
    return hub.waiting(
      'no tunnel is configured',
      'Add one under tunnels: kind sit for a tunnel of its own, external for any other link.',
    );
  }
  for (const { tunnel, run, watch, shown } of watched) {
    if (tunnel.kind === 'simulator') await simulatePast(tunnel.name, shown, memory, watch.limits);
    await watch.begin();
    hub.every(hub.config.interval, () => watch.round());
    if (tunnel.kind !== 'simulator') hub.every(EXPOSURE_EVERY, () => lookOutside(tunnel, run, watch));
  }
  const costs = new Costs(store, hub.config.cost);
  const isSimulated = tunnels.every(({ kind }) => kind === 'simulator');
  hub.every(hub.config.cost.every, () => costRound(hub, costs, first.run, isSimulated));
};
export default start;

/** What happens to the internet without this box. */
function letterOf(tunnels: readonly Tunnel[]): string {
  const names = tunnels.map(({ name }) => name).join(', ');
  const ends = tunnels.some(({ kind, via }) => kind === 'sit' && via === undefined);
  const without = ends
    ? 'It ends in this box: when the box goes, websites may take some seconds longer to open until the other devices are restarted, and then all is as usual over IPv4.'
    : 'It ends in another device, which goes on without this box.';
  return `This box watches over the IPv6 tunnel ${names}, an additional way into the internet. ${without} The tunnel is not needed for anything.`;
}

function watchOf(hub: Hub<Config>, tunnel: Tunnel, memory: Memory): Watched & { readonly shown: Device } {
  const run = createRun(tunnel.via);
  const isSimulated = tunnel.kind === 'simulator';
  const shown = hub.device(tunnel.name, describeTunnel(tunnel.name, hub.config.interval, isSimulated));
  const watch = new Watch({
    tunnel,
    config: hub.config,
    memory,
    run,
    ping: createPing(run),
    hub,
    publish: (state) => inform(hub, shown.report(readingsOf(state))),
    event: (name, data) => inform(hub, hub.event(name, data)),
    ...(isSimulated
      ? simulatedTunnel()
      : { probe, device: createDevice(tunnel, run, `Cupboard/${hub.hub.version}`, hub.signal) }),
  });
  return { tunnel, run, watch, shown };
}

async function lookOutside(tunnel: Tunnel, run: Run, watch: Watch): Promise<void> {
  const exposed = await exposure(tunnel, run);
  if (exposed !== undefined) watch.noteExposure(exposed);
}

/** Times a connection to each destination over both families, one after another. */
async function costRound(hub: Hub<Config>, costs: Costs, run: Run, isSimulated: boolean): Promise<void> {
  const time = isSimulated ? simulatedTunnel().measure : measure;
  const traffic = isSimulated ? [] : await readTraffic(run).catch(() => []);
  const measured = [];
  for (const { host, weight } of hub.config.cost.destinations) {
    const cost = await time(parseDestination(host, weight ?? 1), hub.signal);
    const used = weightByUsage(traffic, [cost.address_v4, cost.address_v6]);
    measured.push(weight === undefined ? { ...cost, weight: used } : cost);
  }
  if (hub.signal.aborted || measured.length === 0) return;
  const state = { ...costs.add(measured), ...(isSimulated && { simulated: true }) };
  await hub.publish(`${hub.id}/cost`, state as unknown as JsonObject, { retain: true });
}

function inform(hub: Hub<Config>, done: Promise<void>): void {
  done.catch((error) => {
    if (!hub.signal.aborted) hub.log.error(`not published: ${error}`);
  });
}
