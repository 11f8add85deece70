import type { CommandResult, JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';
import type { Change } from '../contract.ts';
import type { BuildDetail, BuildStatus, ImageStatus, NodeStatus, PipelineStatus } from '../view.ts';

/** How long a burst of events is waited out before lists are asked for again. */
const SETTLE_MS = 300;
const SECOND = 1000;

/** What the panel knows of the plugin, shared by its parts, and the way to ask for more. */
export class Ci {
  readonly api: PanelApi;
  pipelines: ReadonlyMap<string, PipelineStatus> = new Map();
  /** Those that were heard of: the newest 100 and all since. */
  builds: ReadonlyMap<string, BuildStatus> = new Map();
  images: ReadonlyMap<string, ImageStatus> = new Map();
  nodes: ReadonlyMap<string, NodeStatus> = new Map();
  /** Counts what changed in queues, builds and changes, so that lists know when to ask again. */
  revision = 0;
  /** What the last command came to; gone with the next. */
  outcome: { readonly mood: 'good' | 'bad'; readonly text: string } | undefined;
  isBusy = false;

  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => void)[] = [];
  readonly #clock: ReturnType<typeof setInterval>;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(api: PanelApi) {
    this.api = api;
    const { plugin } = api;
    const follow = <Value>(kind: string, take: (topic: string, value: Value | undefined) => void) =>
      api.subscribe(`${plugin}/${kind}/+`, (topic, payload) => {
        take(topic.slice(plugin.length + kind.length + 2), parse<Value>(payload));
        this.#changed();
      });
    this.#ends.push(
      follow<PipelineStatus>('queue', (name, value) => {
        this.pipelines = withEntry(this.pipelines, name, value);
        this.#settle();
      }),
      follow<BuildStatus>('build', (id, value) => {
        // A cleared topic is an old build, not one that never was.
        if (value) this.builds = withEntry(this.builds, id, value);
        this.#settle();
      }),
      follow<ImageStatus>('image', (name, value) => {
        this.images = withEntry(this.images, name, value);
      }),
      follow<NodeStatus>('node', (id, value) => {
        this.nodes = withEntry(this.nodes, id, value);
      }),
      api.subscribe(`${plugin}/event/+`, () => this.#settle()),
    );
    this.#clock = setInterval(() => this.#changed(), SECOND);
  }

  close(): void {
    clearInterval(this.#clock);
    clearTimeout(this.#settling);
    for (const end of this.#ends) end();
  }

  /** Whether what runs here is a sample. */
  get isSimulated(): boolean {
    return [...this.pipelines.values(), ...this.builds.values()].some(({ simulated }) => simulated);
  }

  /** Answers the function that ends it. Called once a second too: times go on. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listBuilds(query: Readonly<Record<string, string>>): Promise<readonly BuildStatus[]> {
    return this.get(`builds?${new URLSearchParams(query)}`);
  }

  build(id: string): Promise<BuildDetail> {
    return this.get(`builds/${id}`);
  }

  changes(): Promise<readonly Change[]> {
    return this.get('changes');
  }

  /** @throws Error with what the plugin said */
  async get<Answer>(path: string): Promise<Answer> {
    const response = await this.api.fetch(path);
    if (response.ok) return (await response.json()) as Answer;
    const { error, detail } = (await response.json().catch(() => ({}))) as { error?: string; detail?: string };
    throw new Error(error ?? detail ?? `the hub answered ${response.status}`);
  }

  /** Sends a command, for admins, and shows what it came to. */
  async command(name: string, args: JsonObject, done: string): Promise<CommandResult> {
    this.isBusy = true;
    this.outcome = undefined;
    this.#changed();
    const answer = await this.api
      .command(name, args)
      .catch((error: unknown): CommandResult => ({ ok: false, error: (error as Error).message }));
    this.isBusy = false;
    this.outcome = answer.ok
      ? { mood: 'good', text: done }
      : { mood: 'bad', text: [answer['error'], answer['advice']].filter(Boolean).join(' ') };
    this.#settle();
    this.#changed();
    return answer;
  }

  /** Address of something below the plugin's own. */
  address(path: string): string {
    return `/plugins/${this.api.plugin}/${path}`;
  }

  #settle(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.revision++;
      this.#changed();
    }, SETTLE_MS);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function parse<Value>(payload: string): Value | undefined {
  return payload === '' ? undefined : (JSON.parse(payload) as Value);
}

function withEntry<Value>(map: ReadonlyMap<string, Value>, key: string, value: Value | undefined) {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
}
