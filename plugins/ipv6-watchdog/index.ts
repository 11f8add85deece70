import type { CommandResult, Hub, JsonObject, StartPlugin } from 'cupboard/sdk';
import { compareTraces } from './compare.ts';
import { type Config, type Tunnel, toTunnel } from './config.ts';
import { createDevice, type Outcome } from './device.ts';
import { type Memory, MIGRATIONS, openMemory } from './memory.ts';
import { parseMtrReport } from './parse/mtr.ts';
import { createPing } from './ping.ts';
import { createRun } from './run.ts';
import { Watch } from './watch.ts';

type OneTunnel = { readonly tunnel?: string };

const start: StartPlugin<Config> = async (hub) => {
  const memory = openMemory(hub.store(MIGRATIONS));
  const tunnels = Object.entries(hub.config.tunnels).map(([name, config]) => toTunnel(name, config));
  const watches = tunnels.map((tunnel) => watchOf(hub, tunnel, memory));
  commands(hub, watches);
  if (watches.length === 0) {
    return hub.waiting(
      'no tunnel is configured',
      'Add one under tunnels: kind sit for a tunnel of its own, external for any other link.',
    );
  }
  for (const watch of watches) {
    await watch.begin();
    hub.every(hub.config.interval, () => watch.round());
  }
};
export default start;

function watchOf(hub: Hub<Config>, tunnel: Tunnel, memory: Memory): Watch {
  const run = createRun(tunnel.via);
  return new Watch({
    tunnel,
    config: hub.config,
    memory,
    run,
    ping: createPing(run),
    device: createDevice(tunnel, run, `Cupboard/${hub.hub.version}`, hub.signal),
    hub,
    publish: (state) => inform(hub, hub.publish(`${hub.id}/${tunnel.name}`, { ...state }, { retain: true })),
    event: (name, data) => inform(hub, hub.event(name, data)),
  });
}

function commands(hub: Hub<Config>, watches: readonly Watch[]): void {
  const onOne = (name: string, act: (watch: Watch) => Promise<CommandResult>) =>
    hub.command<OneTunnel>(name, ({ tunnel }) => {
      const watch =
        tunnel === undefined && watches.length === 1 ? watches[0] : watches.find((each) => each.name === tunnel);
      if (watch) return act(watch);
      const expected = watches.map((each) => each.name).join(', ') || 'none configured';
      return { ok: false, error: 'no such tunnel', expected, got: tunnel ?? null };
    });
  onOne('probe', async (watch) => {
    const { evidence, verdict } = await watch.probeNow();
    return {
      ok: true,
      verdict: verdict.name,
      advice: verdict.advice,
      evidence: { ...evidence } as unknown as JsonObject,
    };
  });
  onOne('restart', async (watch) => answer(await watch.restartNow()));
  onOne('off', async (watch) => answer(await watch.off()));
  onOne('on', async (watch) => answer(await watch.on()));
  hub.command<{ v6: string; v4: string; gateway_hop: number }>('compare', ({ v6, v4, gateway_hop }) => ({
    ok: true,
    ...compareTraces(parseMtrReport(v6), parseMtrReport(v4), gateway_hop, hub.config.cost),
  }));
}

const answer = ({ ok, message }: Outcome): CommandResult => (ok ? { ok, message } : { ok, error: message });

function inform(hub: Hub<Config>, done: Promise<void>): void {
  done.catch((error) => {
    if (!hub.signal.aborted) hub.log.error(`not published: ${error}`);
  });
}
