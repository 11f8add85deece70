import { type CommandResult, errorText, type Hub } from 'cupboard/sdk';
import type { Router } from 'express';
import type { Backup } from '../backup.ts';
import type { Config } from '../config.ts';
import { folderOf, groupBy } from '../documents/entry.ts';
import { openAccount } from './account.ts';
import { type FlickrApi, openApi } from './api.ts';
import { ADVICE, FlickrError } from './errors.ts';
import { openPace } from './pace.ts';
import { type ShareArguments, select } from './selection.ts';
import { openShares, type Shares } from './shares.ts';
import { openTransport } from './transport.ts';
import { openWorker, type Worker } from './worker.ts';

const RETRY_SECONDS = 600;
/** Photos named in an answer; the rest is counted. */
const MOST_NAMED = 100;
const SET_UP =
  'Register an app at https://www.flickr.com/services/apps/create and set flickr.api_key and flickr.api_secret.';

/** Sharing on Flickr: its commands, the topic `<id>/flickr` and the albums for the page. */
export async function openFlickr(hub: Hub<Config>, backup: Backup, router: Router): Promise<void> {
  const { api_key: key, api_secret: secret, url } = hub.config.flickr;
  const publish = (state: object) =>
    hub.publish(`${hub.id}/flickr`, { time: Date.now(), ...state }, { retain: true }).catch((error: unknown) => {
      if (!hub.signal.aborted) hub.log.error(`the state of Flickr is not published: ${errorText(error)}`);
    });
  if (key === '' || secret === '') {
    for (const name of ['flickr_login', 'share', 'guest_pass', 'pull_tags']) {
      hub.command(name, () => ({ ok: false, error: 'Flickr is not set up', advice: SET_UP }));
    }
    return publish({ state: 'not_set_up', advice: SET_UP });
  }
  const transport = await openTransport({ key, secret }, openPace(), url);
  const account = await openAccount(hub.dataDir, key, transport);
  const api = openApi(transport, account, hub.config.flickr.visibility);
  const shares = openShares(backup.store);
  const worker = openWorker(hub, backup, { account, api, shares, publish });

  hub.command<{ verifier?: string }>('flickr_login', ({ verifier }) =>
    answered(async () => {
      if (verifier === undefined) return { ok: true, url: await account.begin(hub.signal) };
      const { name } = await account.finish(verifier, hub.signal);
      worker.wake();
      return { ok: true, name };
    }),
  );
  hub.command<ShareArguments>('share', (args) => answered(() => share(args, hub, { backup, shares, worker })));
  hub.command<{ album: string; link: string }>('guest_pass', ({ album, link }) => {
    if (!shares.setGuestPass(album, link)) return { ok: false, error: 'no such album', got: album };
    worker.tell();
    return { ok: true };
  });
  hub.command<{ week?: string }>('pull_tags', ({ week }) => answered(() => pullTags(api, shares, week, hub)));
  // Not on the topic: whoever has a guest pass sees the photos.
  router.get('/flickr/albums', (_request, response) => {
    response.json(
      shares.albums().map((album) => ({
        ...album,
        url: album.id === null || account.name === undefined ? null : api.albumUrl(album.id),
      })),
    );
  });
  worker.tell();
  hub.every(RETRY_SECONDS, () => worker.retry());
}

async function share(
  args: ShareArguments,
  hub: Hub<Config>,
  { backup, shares, worker }: { backup: Backup; shares: Shares; worker: Worker },
): Promise<CommandResult> {
  if (backup.catalogue.position().simulated && hub.config.flickr.url === undefined) {
    return { ok: false, error: 'these photos are simulated: they do not leave the house' };
  }
  const selection = select(backup.catalogue, args);
  if (typeof selection === 'string') return { ok: false, error: selection };
  const { album, photos, skipped } = selection;
  shares.add(photos.map(({ path, sha256, original_sha256 }) => ({ album, path, sha256: original_sha256 ?? sha256 })));
  await worker.run();
  const refused = shares.refused(album);
  const shared = shares.albums().find(({ title }) => title === album)?.shared ?? 0;
  const counts = { album, shared, skipped, refused_count: refused.length };
  await hub.event('shared', counts);
  return {
    ok: refused.length === 0,
    ...counts,
    ...(refused.length > 0 && { error: `Flickr does not take ${refused.length} of them` }),
    refused: refused.slice(0, MOST_NAMED),
  };
}

/**
 * Reads tags back as keywords. The photos plugin takes keywords from admins only, and a plugin is none: the answer holds
 * the arguments of its command `keywords`, for the page or the person to pass on.
 */
async function pullTags(
  api: FlickrApi,
  shares: Shares,
  week: string | undefined,
  hub: Hub<Config>,
): Promise<CommandResult> {
  const photos = shares.uploaded().filter(({ path }) => week === undefined || folderOf(path) === week);
  const tagged: { path: string; add: string[] }[] = [];
  for (const [done, { path, id }] of photos.entries()) {
    hub.progress('pull_tags', done, photos.length, path);
    const add = await api.keywords(id, hub.signal);
    if (add.length > 0) tagged.push({ path, add });
  }
  if (photos.length > 0) hub.progress('pull_tags', photos.length, photos.length);
  const keywords = [...groupBy(tagged, ({ add }) => JSON.stringify(add)).values()].map((group) => ({
    files: group.map(({ path }) => path),
    add: group[0]?.add ?? [],
  }));
  return { ok: true, photos: photos.length, keywords };
}

/** A command whose FlickrError becomes an answer with a state and advice. */
async function answered(work: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FlickrError)) throw error;
    return { ok: false, error: error.message, state: error.state, advice: ADVICE[error.state] };
  }
}
