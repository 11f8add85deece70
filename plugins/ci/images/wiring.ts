import { errorText, type Hub, type JsonObject } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { ImageStore } from './store.ts';

/**
 * Starts the images of the config: their builds, topics `ci/image/<name>`, and the commands `images` and `build-image`.
 * @param changed called whenever an image's status is other than before: builds may wait for it
 */
export async function startImages(hub: Hub<Config>, changed: () => void): Promise<ImageStore> {
  const { images, elements, targets } = hub.config;
  const store = new ImageStore({
    images,
    targets,
    elementFolders: elements,
    dataDir: hub.dataDir,
    log: hub.log,
    signal: hub.signal,
    publish: (name, status) => {
      const payload = status && (status as unknown as JsonObject);
      const topic = `${hub.id}/image/${name}`;
      hub
        .publish(topic, payload, { retain: true })
        .catch((error: unknown) => hub.log.warn(`${topic}: ${errorText(error)}`));
      changed();
    },
  });
  hub.command('images', () => ({ ok: true, images: store.names.map((name) => ({ ...store.status(name) })) as never }));
  hub.command<{ image: string; wait: boolean }>('build-image', async ({ image, wait }) => {
    const build = store.build(image);
    if (!wait) {
      build.catch((error: unknown) => hub.log.warn(`image ${image}: ${errorText(error)}`));
      return { ok: true, image };
    }
    const { id, state, duration, bytes = null } = await build;
    return { ok: true, image, build: id, state, duration, bytes, log: `/plugins/${hub.id}/images/${id}/log` };
  });
  await store.start();
  // `cupboard run ci build-image` builds in a process of its own.
  hub.every(10, () => store.refresh());
  return store;
}
