import type { Hub, StartPlugin } from 'cupboard/sdk';
import { parseObservation } from './observation.ts';
import { MIGRATIONS, openQueue } from './queue.ts';
import { SERVICES } from './services/index.ts';
import type { Service, ServiceSettings, Surroundings } from './services/service.ts';
import { createUploader, type Uploader } from './uploader.ts';

interface Config {
  readonly source: string;
  readonly services: readonly (Omit<ServiceSettings, 'name' | 'interval'> & { name?: string; interval?: number })[];
  readonly calm_direction: 'last' | 'omit';
  readonly include_indoor: boolean;
  readonly position: 'rounded' | 'exact';
  readonly catch_up_days?: number;
}

const DAY_MS = 86_400_000;

const start: StartPlugin<Config> = async (hub) => {
  const services = hub.config.services.map(withDefaults);
  const twice = services.find((settings, index) => services.findIndex(({ name }) => name === settings.name) !== index);
  if (twice !== undefined) {
    return hub.waiting(`two services are called "${twice.name}"`, 'give one of them another name in services[].name');
  }
  const store = hub.store(MIGRATIONS);
  const uploaders = services.map((settings) =>
    uploaderFor(hub, SERVICES[settings.type] as Service, settings, openQueue(store, settings.name)),
  );
  hub.command<{ service: string }>('test', ({ service }) => testOf(uploaders, service));
  if (uploaders.length > 0) {
    const names = uploaders.map(({ name }) => name).join(', ');
    hub.letter(
      'Weather networks',
      `The weather is sent to ${names}. To end that, switch this box off; the accounts there may be closed or left.`,
    );
  }
  const running = Promise.all(uploaders.map((uploader) => uploader.run()));
  await hub.subscribe(hub.config.source, ({ payload }) => {
    const observation = parseObservation(payload);
    if (observation !== undefined) for (const uploader of uploaders) uploader.take(observation);
  });
  return () => running.then(() => undefined);
};
export default start;

function withDefaults(service: Config['services'][number]): ServiceSettings {
  const interval = service.interval ?? (SERVICES[service.type] as Service).defaultInterval;
  return { ...service, name: service.name ?? service.type, interval };
}

function uploaderFor(
  hub: Hub<Config>,
  service: Service,
  settings: ServiceSettings,
  queue: ReturnType<typeof openQueue>,
) {
  const { calm_direction, catch_up_days, include_indoor, position } = hub.config;
  const around = (): Surroundings => ({
    now: Date.now(),
    location: hub.location,
    software: `Cupboard/${hub.hub.version}`,
    includeIndoor: include_indoor,
    exactPosition: position === 'exact',
  });
  return createUploader({
    service,
    settings,
    queue,
    around,
    keepDirection: calm_direction === 'last',
    catchUpMs: catch_up_days === undefined ? Number.POSITIVE_INFINITY : catch_up_days * DAY_MS,
    log: hub.log,
    signal: hub.signal,
    publish: (state) => {
      hub.publish(`${hub.id}/${settings.name}`, { time: Date.now(), ...state }, { retain: true }).catch((error) => {
        if (!hub.signal.aborted) hub.log.error(`${settings.name}: state not published: ${error}`);
      });
    },
  });
}

function testOf(uploaders: readonly Uploader[], service: string) {
  const found = uploaders.find(({ name }) => name === service);
  if (found !== undefined) return found.test();
  const expected = uploaders.map(({ name }) => name).join(', ') || 'none configured';
  return { ok: false, error: 'no such service', expected, got: service };
}
