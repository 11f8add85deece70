import { errorText, type StartPlugin } from 'cupboard/sdk';
import { addCommands } from './commands.ts';
import type { Config } from './config.ts';
import { Clock } from './engine/clock.ts';
import { Engine } from './engine/engine.ts';
import { Inbox } from './engine/inbox.ts';
import { Pauses } from './engine/pauses.ts';
import { Publisher } from './engine/publisher.ts';
import { EngineStore } from './engine/store.ts';
import { startImages } from './images/wiring.ts';
import { definitionsFolder } from './jobs/store.ts';
import { openDefinitions } from './jobs/wiring.ts';
import { MIGRATIONS } from './migrations.ts';
import { ciRoutes } from './routes.ts';
import { openRunners } from './runner/runners.ts';
import { startLocal } from './runner/wiring.ts';
import { markSimulated, playSample, writeSampleJobs } from './simulator.ts';
import { SOURCE_MIGRATIONS } from './sources/memory.ts';
import { openSources } from './sources/open.ts';
import { createView } from './view-source.ts';
import { startWorker } from './workers/wiring.ts';

const start: StartPlugin<Config> = async (plainHub) => {
  const { config, dataDir, log, signal } = plainHub;
  if (config.worker) return startWorker(plainHub, config.worker);
  const hub = config.sample ? markSimulated(plainHub) : plainHub;
  const store = new EngineStore(hub.store(MIGRATIONS));
  const pauses = new Pauses(store);
  const sources = await openSources(config, {
    dataDir,
    store: hub.store(SOURCE_MIGRATIONS, 'sources.db'),
    log,
    signal,
    page: `${config.url}/panel/${hub.id}#builds?change=hub:{change}`,
  });
  const { merger } = sources;
  if (config.sample) await writeSampleJobs(definitionsFolder(dataDir, config.definitions));
  const definitions = await openDefinitions(hub, sources, Object.keys(config.static));
  const layouts = definitions.store;
  // Images and nodes tell of themselves from the first moment, before there is anyone to listen.
  let imageChanged = (): void => undefined;
  let nodeChanged = (): void => undefined;
  const images = await startImages(hub, () => imageChanged());
  const local = await startLocal(hub, images, () => nodeChanged());
  imageChanged = local.wake;
  const runners = await openRunners(hub, images, local, () => nodeChanged());

  const publisher = new Publisher(hub, store, pauses);
  const engine: Engine = new Engine({
    store,
    layouts,
    merger,
    sources: sources.sources,
    needed: (change) => sources.needed(change),
    runner: runners.runner,
    nodes: () => ({ free: runners.free, max: runners.max }),
    paused: () => pauses.all,
    keepBuilds: config.keep_builds,
    urlOf: (build) => `${config.url}/panel/${hub.id}#build/${build}`,
    logOf: (build) => `/plugins/${hub.id}/builds/${build}/log`,
    log,
    signal,
    tellBuild: (status) => publisher.build(status),
    confirmBuild: (status) => publisher.confirm(status),
    tellItems: () => publisher.queues(engine),
    event: (name, data) => publisher.event(name, data),
  });
  nodeChanged = () => engine.builds.kick();
  const clock = new Clock(engine, merger, log);
  addCommands(hub, { engine, store, pauses, sources, merger, publisher, ...local, pool: runners });
  (await hub.http()).use(ciRoutes(createView({ engine, store, logs: local.logs, images, sources }), log));

  engine.resume();
  clock.set(layouts.layout);
  layouts.onChange((layout) => clock.set(layout));
  const inbox = new Inbox({ engine, store, log, signal });
  const started = sources.sources.map((source) =>
    source
      .start((event) => inbox.take(event))
      .catch((error: unknown) => log.error(`${source.name}: ${errorText(error)}`)),
  );
  for (const filter of config.topics) {
    await hub.subscribe(filter, ({ topic, retained }) => {
      if (!retained) clock.message(topic);
    });
  }
  if (config.sample) {
    const { pause_seconds: pauseSeconds } = config.sample;
    void Promise.all(started).then(() => playSample({ dataDir, sources, pauseSeconds, log, signal }));
  }
  return async () => {
    clock.stop();
    publisher.stop();
    await Promise.all(sources.sources.map((source) => source.stop()));
    await engine.stop();
    await Promise.all([local.stop(), images.stop(), definitions.stop()]);
  };
};
export default start;
