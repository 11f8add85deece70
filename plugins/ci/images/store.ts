import { mkdir, rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Cron } from 'croner';
import { deadline, errorText, HubError, type Logger, makeCacheFolder } from 'cupboard/sdk';
import type { Images, ImageUse } from '../contract.ts';
import { LogStore } from '../logs/store.ts';
import type { ImageStatus, LogView } from '../view.ts';
import { buildTree, removeTree, rootElements } from './build.ts';
import { DAILY, elementsOf, type ImageSettings } from './config.ts';
import { BreakPoints } from './elements/phases.ts';
import { exportImage, hasDisk } from './export.ts';
import { takeLock } from './lock.ts';
import { inNamespace, namespaceLack, SYSTEM_PATH } from './namespace.ts';
import { imageProgram, SHIPPED_ELEMENTS } from './programs.ts';
import { type BuildRecord, BuildRecords, buildId } from './records.ts';
import { runLogged } from './run-logged.ts';
import { formatOf, type TargetSettings } from './targets.ts';
import { Uploads } from './uploads.ts';

export interface ImageStoreOptions {
  readonly images: Readonly<Record<string, ImageSettings>>;
  readonly targets: Readonly<Record<string, TargetSettings>>;
  /** Folders with elements of the user, looked at before those that the plugin brings. */
  readonly elementFolders: readonly string[];
  /** The plugin's data folder; everything of images is in its `images/`. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Aborted when the plugin stops: a build under way ends. */
  readonly signal: AbortSignal;
  /** Gets the status of an image whenever it changes, for `ci/image/<name>`; `null` = no image of the settings any more. */
  readonly publish: (name: string, status: ImageStatus | null) => void;
}

/** Of a build that someone sits before. */
export interface BuildCaller {
  /** `break=` of diskimage-builder. */
  readonly breakPoints?: BreakPoints;
  /** Descriptor of the caller's terminal. */
  readonly terminal?: number;
  /** Gets every line of the log. */
  readonly line?: (text: string) => void;
}

/** Why a build failed that the end of its process ended. */
const CUT_SHORT = 'cut short';
const KEPT = 2;
const LOG_LIMITS = { keepDays: 30, keepMb: 100, maxMb: 50 };
const DEFAULT_NEED_MB = 2048;
const DEFAULT_SMOKE = "bash -c 'echo The image runs: $(uname -m), $(. /etc/os-release && echo $PRETTY_NAME)'";
const SMOKE_MS = 5 * 60_000;
/** Nobody waits six hours for an image: something hangs. */
const BUILD_MS = 6 * 3_600_000;
/** After a failed build a job that asks for the image does not start the next one before this. */
const ASKED_AGAIN_MS = 3_600_000;

/** Builds images, keeps the two newest good ones of each, and hands them out. */
export class ImageStore implements Images {
  readonly #options: ImageStoreOptions;
  readonly #records: BuildRecords;
  readonly #uses = new Map<string, number>();
  readonly #running = new Map<string, Promise<BuildRecord>>();
  readonly #crons = new Map<string, Cron>();
  readonly #logs: LogStore;
  readonly #uploads: Uploads;
  #uploading: Promise<void> = Promise.resolve();
  /** Only who hands images out knows which are in use, and may remove old ones. */
  #isStarted = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ImageStoreOptions) {
    this.#options = options;
    this.#records = new BuildRecords(join(options.dataDir, 'images'));
    this.#logs = new LogStore({ ...LOG_LIMITS, folder: join(options.dataDir, 'image-logs') });
    const { targets, log, signal } = options;
    this.#uploads = new Uploads({
      ...{ records: this.#records, targets, log, signal },
      changed: (name) => this.#tell(name),
    });
  }

  get names(): readonly string[] {
    return Object.keys(this.#options.images);
  }

  /** Sweeps what earlier lives left half-built, tells every image's status and begins the daily rhythm. */
  async start(): Promise<void> {
    await this.#sweep();
    this.#isStarted = true;
    for (const { name } of this.#records.all) {
      if (!this.#options.images[name]) this.#options.publish(name, null);
    }
    for (const [name, { cron = DAILY }] of Object.entries(this.#options.images)) {
      if (cron !== false) {
        const daily = new Cron(cron, { timezone: 'UTC', unref: true }, () => this.#inBackground(name));
        this.#crons.set(name, daily);
      }
      this.#tell(name);
    }
  }

  async stop(): Promise<void> {
    for (const cron of this.#crons.values()) cron.stop();
    await Promise.allSettled([...this.#running.values(), this.#uploading]);
  }

  /** Sees what others built, and tells of it. */
  async refresh(): Promise<void> {
    if (!(await this.#records.refresh())) return;
    for (const name of this.names) {
      this.#tell(name);
      await this.#prune(name);
    }
  }

  /** Asked for an image that was never built, it begins to build it. */
  async use(name: string): Promise<ImageUse | undefined> {
    await this.refresh();
    const builds = this.#records.of(name);
    const newest = builds.find(({ state }) => state === 'ready');
    if (!newest) {
      const [last] = builds;
      const isDue = !last || last.reason === CUT_SHORT || Date.now() - last.started > ASKED_AGAIN_MS;
      if (this.#options.images[name] && isDue) this.#inBackground(name);
      return undefined;
    }
    const { id } = newest;
    return { name, build: id, root: this.#records.rootOf(id), release: this.#hold(name, id) };
  }

  /** Keeps a build from being removed until the function it answers is called. */
  #hold(name: string, id: string): () => void {
    this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const left = (this.#uses.get(id) ?? 1) - 1;
      if (left > 0) this.#uses.set(id, left);
      else this.#uses.delete(id);
      void this.#prune(name);
    };
  }

  /**
   * Builds an image now, or when the one under way is done; a build of the same image under way is joined.
   * @throws HubError `image_unknown`, `image_building_elsewhere`, and `image_failed` with what went wrong
   */
  build(name: string, caller: BuildCaller = {}): Promise<BuildRecord> {
    const settings = this.#options.images[name];
    if (!settings) {
      const known = this.names.join(', ') || 'none';
      return Promise.reject(new HubError('image_unknown', `no image ${name} in the settings; there are: ${known}`));
    }
    const running = this.#running.get(name);
    if (running) return running;
    const build = this.#queue
      .then(() => this.#buildLocked(name, settings, caller))
      .finally(() => this.#running.delete(name));
    this.#running.set(name, build);
    this.#queue = build.catch(() => undefined);
    return build;
  }

  status(name: string): ImageStatus {
    const builds = this.#records.of(name);
    const [newest] = builds;
    const ready = builds.find(({ state }) => state === 'ready');
    const next = this.#crons.get(name)?.nextRun()?.getTime();
    const uploads = builds.flatMap(({ id, uploads = [] }) =>
      uploads.map(({ uploaded: _, ...upload }) => ({ ...upload, build: id })),
    );
    const isBusy = newest?.state === 'building' || newest?.state === 'testing';
    return {
      name,
      state: isBusy ? newest.state : ready ? 'ready' : (newest?.state ?? 'missing'),
      ...(newest?.reason !== undefined && { reason: newest.reason }),
      builds: builds.map(({ name: _, uploads: __, ...view }) => view),
      ...(next !== undefined && { next }),
      ...(uploads.length > 0 && { uploads }),
    };
  }

  /** The log of a build, there from its beginning; `undefined` = none, or none any more. */
  log(id: string): Promise<LogView | undefined> {
    return this.#logs.view(id);
  }

  #isBuilding(id: string): boolean {
    const state = this.#records.get(id)?.state;
    return state === 'building' || state === 'testing';
  }

  #inBackground(name: string): void {
    const { log } = this.#options;
    this.build(name).catch((error: unknown) => log.warn(`image ${name}: ${errorText(error)}`));
  }

  async #buildLocked(name: string, settings: ImageSettings, caller: BuildCaller): Promise<BuildRecord> {
    await makeCacheFolder(this.#records.folder); // images are large, and built again
    const unlock = await takeLock(join(this.#records.folder, 'lock'));
    if (!unlock) throw new HubError('image_building_elsewhere', 'another process builds an image here');
    try {
      return await this.#buildNow(name, settings, caller);
    } finally {
      await unlock();
      await this.#prune(name);
      this.#tell(name);
    }
  }

  async #buildNow(name: string, settings: ImageSettings, caller: BuildCaller): Promise<BuildRecord> {
    const started = this.#freshTime(name);
    let record: BuildRecord = { id: buildId(name, started), name, state: 'building', started, duration: null };
    const save = async (change: Partial<BuildRecord>) => {
      record = { ...record, ...change };
      await this.#records.put(record);
      this.#tell(name);
    };
    await save({});
    const folder = this.#records.folderOf(record.id);
    const log = await this.#logs.open(record.id);
    const line = (text: string) => {
      // A full disk ends the build by itself; a line lost is not another reason.
      void log.writer.write(Buffer.from(`${text}\n`)).catch(() => undefined);
      caller.line?.(text);
    };
    const signal = deadline(BUILD_MS, this.#options.signal);
    try {
      await this.#checkMachine(settings);
      await this.#makeTree(name, settings, folder, caller, line, signal);
      await save({ state: 'testing' });
      await smoke(folder, settings.smoke ?? DEFAULT_SMOKE, line, signal);
      await removeTree(join(folder, 'work'));
      const bytes = await settle(folder, signal);
      line(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
      await save({ state: 'ready', duration: Date.now() - started, bytes });
      this.#uploadLater(record, settings);
      return record;
    } catch (error) {
      const reason = this.#options.signal.aborted ? CUT_SHORT : errorText(error);
      line(`failed: ${reason}`);
      await save({ state: 'failed', duration: Date.now() - started, reason });
      await this.#records.removeTree(record.id);
      throw new HubError('image_failed', `${record.id}: ${reason}`, { cause: error });
    } finally {
      await log.close();
    }
  }

  /** Uploads go one after the other, apart from builds: clouds are slow. */
  #uploadLater({ name, id }: BuildRecord, settings: ImageSettings): void {
    if (!settings.targets?.length) return;
    const release = this.#hold(name, id);
    this.#uploading = this.#uploading.then(() => this.#uploads.upload(id, settings)).finally(release);
  }

  /** Now, or a moment later where a build of this second is there already: ids count in seconds. */
  #freshTime(name: string): number {
    let time = Date.now();
    while (this.#records.get(buildId(name, time))) time += 1000;
    return time;
  }

  async #makeTree(
    name: string,
    settings: ImageSettings,
    folder: string,
    caller: BuildCaller,
    line: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const elementFolders = [...this.#options.elementFolders, SHIPPED_ELEMENTS];
    const { targets } = this.#options;
    const wanted = (settings.targets ?? []).flatMap((target) => (targets[target] ? [formatOf(targets[target])] : []));
    const formats = [...new Set([...(settings.formats ?? []), ...wanted])];
    const work = join(folder, 'work');
    await mkdir(work, { mode: 0o755 });
    const environment = await buildTree({
      name,
      elements: elementsOf(settings, await rootElements(settings.elements ?? [], elementFolders)),
      environment: settingsEnvironment(settings),
      folder: work,
      cache: join(this.#options.dataDir, 'image-cache'),
      elementFolders,
      breakPoints: caller.breakPoints ?? new BreakPoints(),
      line,
      signal,
      ...(caller.terminal !== undefined && { terminal: caller.terminal }),
      without: hasDisk(formats) ? [] : ['block-device'],
    });
    const root = join(folder, 'root');
    await rename(join(work, 'mnt'), root);
    await exportImage({ root, output: join(folder, 'image'), formats, environment, line, signal });
  }

  async #checkMachine({ need_mb: needMb = DEFAULT_NEED_MB }: ImageSettings): Promise<void> {
    const lack = await namespaceLack();
    if (lack) throw new HubError('image_needs', `${lack.reason}: ${lack.advice}`);
    const { bavail, bsize } = await statfs(this.#records.folder);
    const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
    if (freeMb < needMb) {
      throw new HubError('disk_full', `${this.#records.folder}: ${freeMb} MiB free, a build needs ${needMb} (need_mb)`);
    }
  }

  /** What a power cut or a kill left: builds that say they run although nobody holds the lock. */
  async #sweep(): Promise<void> {
    await this.#records.refresh();
    const unlock = await takeLock(join(this.#records.folder, 'lock'));
    if (!unlock) return;
    try {
      await this.#records.removeStrays();
      for (const record of this.#records.all.filter(({ id }) => this.#isBuilding(id))) {
        await this.#records.removeTree(record.id);
        await this.#records.put({ ...record, state: 'failed', reason: CUT_SHORT });
      }
      for (const record of this.#records.all) {
        const uploads = (record.uploads ?? []).map((upload) =>
          upload.state === 'uploading' ? { ...upload, state: 'failed' as const, reason: CUT_SHORT } : upload,
        );
        if (record.uploads) await this.#records.put({ ...record, uploads });
      }
      await this.#logs.prune();
    } finally {
      await unlock();
    }
  }

  /** Keeps the newest good builds and those in use, and what the newest failed ones said. */
  async #prune(name: string): Promise<void> {
    if (!this.#isStarted) return;
    for (const state of ['ready', 'failed'] as const) {
      const old = this.#records.of(name).filter((record) => record.state === state);
      for (const record of old.slice(KEPT)) {
        if (this.#uses.has(record.id)) continue;
        await this.#removeOld(record).catch((error: unknown) => this.#options.log.warn(errorText(error)));
      }
    }
  }

  /** What a target still has is removed there when newer ones arrived; until then the record says what it is. */
  async #removeOld({ id, uploads = [] }: BuildRecord): Promise<void> {
    const isUploaded = uploads.some(({ uploaded }) => uploaded !== undefined);
    await (isUploaded ? this.#records.removeTree(id) : this.#records.remove(id));
  }

  #tell(name: string): void {
    this.#options.publish(name, this.status(name));
  }
}

/** What the settings say, in the elements' own variables. */
function settingsEnvironment(settings: ImageSettings): NodeJS.ProcessEnv {
  const { HOME, http_proxy, https_proxy, no_proxy } = process.env;
  const { suite, rootfs, sha256, sources, packages, environment } = settings;
  const isUrl = sources?.includes('://');
  return {
    HOME,
    http_proxy,
    https_proxy,
    no_proxy,
    ...(suite !== undefined && { DIB_RELEASE: suite }),
    ...(rootfs !== undefined && { DIB_ROOTFS: rootfs }),
    ...(sha256 !== undefined && { DIB_ROOTFS_SHA256: sha256 }),
    ...(sources !== undefined && (isUrl ? { DIB_DISTRIBUTION_MIRROR: sources } : { APT_SOURCES: sources })),
    ...(packages !== undefined && { DIB_PACKAGES: packages.join(' ') }),
    ...environment,
  };
}

/** @throws HubError `program_failed` */
async function smoke(folder: string, script: string, line: (text: string) => void, signal: AbortSignal): Promise<void> {
  line('smoke job');
  const argv = ['unshare', '--net', 'bash', imageProgram('run-smoke'), folder, script];
  await runLogged(inNamespace(argv), { env: { PATH: SYSTEM_PATH }, line, signal: deadline(SMOKE_MS, signal) });
}

/** Waits until everything is on the disk, a torn image being worse than none; answers the size of the tree in bytes. */
async function settle(folder: string, signal: AbortSignal): Promise<number> {
  let size = '';
  const line = (text: string) => {
    size = text;
  };
  const argv = ['sh', '-c', 'sync -f "$0" && du -s -B1 "$0" | cut -f1', join(folder, 'root')];
  await runLogged(inNamespace(argv), { env: { PATH: SYSTEM_PATH }, line, signal });
  return Number(size);
}
