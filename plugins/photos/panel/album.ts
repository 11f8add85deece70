import type { JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';
import type { RegisteredCard } from '../cards/register.ts';
import type { CardStatus } from '../cards/status.ts';
import type { Abilities, Found, Picture, Shot, Size, Week } from '../gallery/contract.ts';
import type { Backup } from './words.ts';

/** How long a burst of events is waited out before the weeks are asked for again. */
const SETTLE = 400;

export interface WeekContent {
  readonly title: string | null;
  readonly shots: readonly Shot[];
}

export interface NamedPlace {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitude?: number;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly message?: string;
  readonly eta?: number;
}

/** What the panel knows of the archive, shared by its parts, and the way to ask for more. */
export class Album {
  readonly api: PanelApi;
  abilities: Abilities | undefined;
  weeks: readonly Week[] | undefined;
  /** Why the weeks could not be read. */
  problem = '';
  /** Cards in their slots by id. */
  cards: ReadonlyMap<string, CardStatus> = new Map();
  jobs: ReadonlyMap<string, Progress> = new Map();
  /** Undefined while the plugin photo-backup has said nothing. */
  backup: Backup | undefined;
  #remote: ReadonlySet<string> = new Set();
  places: Readonly<Record<string, NamedPlace>> = {};

  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => void)[] = [];
  #reload: ReturnType<typeof setTimeout> | undefined;

  constructor(api: PanelApi) {
    this.api = api;
    const { plugin } = api;
    this.#ends.push(
      api.subscribe(`${plugin}/card/+`, (topic, payload) => {
        this.cards = withEntry(this.cards, topic, parse<CardStatus>(payload));
        this.#changed();
      }),
      api.subscribe(`${plugin}/progress/+`, (topic, payload) => {
        const job = parse<Progress>(payload);
        this.jobs = withEntry(this.jobs, topic, job && job.done < job.total ? job : undefined);
        this.#changed();
      }),
      api.subscribe(`${plugin}/event/+`, () => this.#reloadSoon()),
      api.subscribe('photo-backup/+', (topic, payload) => this.#takeBackup(topic, payload)),
    );
    void this.#load();
  }

  close(): void {
    clearTimeout(this.#reload);
    for (const end of this.#ends) end();
  }

  /** Answers the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  week(folder: string): Promise<WeekContent> {
    return this.#get(`week?${new URLSearchParams({ folder })}`);
  }

  search(query: string): Promise<Found> {
    return this.#get(`search?${new URLSearchParams({ q: query })}`);
  }

  /** The address of a picture; it changes with the content. */
  picture({ id, version }: Picture, size: Size): string {
    return `/plugins/${this.api.plugin}/pictures/${id}/${size}?v=${version}`;
  }

  /** The address of a file as it lies in the archive. */
  original(id: number): string {
    return `/plugins/${this.api.plugin}/files/${id}`;
  }

  /** The register of cards. */
  cardRegister(): Promise<readonly RegisteredCard[]> {
    return this.#get('cards');
  }

  /**
   * Sends a command of the plugin, for admins; the weeks are asked for again, as most change something.
   * @throws Error with what the plugin said
   */
  async command<Answer>(name: string, args: JsonObject): Promise<Answer> {
    const answer = await this.api.command(name, args);
    if (!answer.ok) throw new Error([answer['error'], answer['advice']].filter(Boolean).join(' '));
    this.#reloadSoon();
    return answer as unknown as Answer;
  }

  async loadWeeks(): Promise<void> {
    try {
      this.weeks = await this.#get<readonly Week[]>('weeks');
      this.problem = '';
    } catch (error) {
      this.problem = (error as Error).message;
    }
    this.#changed();
  }

  async loadPlaces(): Promise<void> {
    // When they cannot be read, nor can the weeks, and those say why.
    this.places = await this.#get<Album['places']>('places').catch(() => this.places);
    this.#changed();
  }

  #takeBackup(topic: string, payload: string): void {
    const name = topic.slice(topic.indexOf('/') + 1);
    if (name === 'status') return; // of the plugin, and no JSON
    if (name === 'weeks') {
      const weeks = parse<Pick<Backup, 'weeks'>>(payload)?.weeks;
      this.backup = weeks && { weeks, remote: this.#remote };
    } else {
      const type = parse<{ type?: string }>(payload)?.type;
      if (type === undefined || type === 'directory') return;
      this.#remote = new Set([...this.#remote, name]);
      this.backup &&= { ...this.backup, remote: this.#remote };
    }
    this.#changed();
  }

  async #load(): Promise<void> {
    await Promise.all([this.loadWeeks(), this.loadPlaces(), this.#loadAbilities()]);
    this.#changed();
  }

  async #loadAbilities(): Promise<void> {
    this.abilities = await this.#get<Abilities>('abilities').catch(() => undefined);
  }

  async #get<T>(path: string): Promise<T> {
    const response = await this.api.fetch(path);
    if (!response.ok) throw new Error(`The archive cannot be read at the moment (status ${response.status}).`);
    return (await response.json()) as T;
  }

  #reloadSoon(): void {
    clearTimeout(this.#reload);
    this.#reload = setTimeout(() => void this.loadWeeks(), SETTLE);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

const parse = <T>(payload: string): T | undefined => (payload === '' ? undefined : (JSON.parse(payload) as T));

/** The map with what the last level of the topic names set, or taken out. */
function withEntry<T>(map: ReadonlyMap<string, T>, topic: string, value: T | undefined): ReadonlyMap<string, T> {
  const next = new Map(map);
  const name = topic.slice(topic.lastIndexOf('/') + 1);
  if (value === undefined) next.delete(name);
  else next.set(name, value);
  return next;
}
