import type { JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';
import type { Abilities, Found, Picture, Shot, Size, Week } from '../gallery/contract.ts';
import type { BackupWeeks, CardStatus } from './words.ts';

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

export type CardInSlot = CardStatus & { readonly simulated?: boolean };

/** What the panel knows of the archive, shared by its parts, and the way to ask for more. */
export class Album {
  readonly api: PanelApi;
  abilities: Abilities | undefined;
  weeks: readonly Week[] | undefined;
  /** Why the weeks could not be read. */
  problem = '';
  /** Cards in their slots by id. */
  cards: ReadonlyMap<string, CardInSlot> = new Map();
  jobs: ReadonlyMap<string, Progress> = new Map();
  backup: BackupWeeks | undefined;
  places: Readonly<Record<string, NamedPlace>> = {};

  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => void)[] = [];
  #reload: ReturnType<typeof setTimeout> | undefined;

  constructor(api: PanelApi) {
    this.api = api;
    const { plugin } = api;
    this.#ends.push(
      api.subscribe(`${plugin}/card/+`, (topic, payload) => {
        this.cards = withEntry(this.cards, topic, parse<CardInSlot>(payload));
        this.#changed();
      }),
      api.subscribe(`${plugin}/progress/+`, (topic, payload) => {
        const job = parse<Progress>(payload);
        this.jobs = withEntry(this.jobs, topic, job && job.done < job.total ? job : undefined);
        this.#changed();
      }),
      api.subscribe(`${plugin}/event/+`, () => this.#reloadSoon()),
      api.subscribe('photo-backup/weeks', (_topic, payload) => {
        this.backup = parse<{ weeks: BackupWeeks }>(payload)?.weeks;
        this.#changed();
      }),
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

  /**
   * Asks the plugin by a command that changes nothing.
   * @throws Error with what the plugin said
   */
  async ask<Answer>(name: string, args: JsonObject = {}): Promise<Answer> {
    const answer = await this.api.command(name, args);
    if (!answer.ok) throw new Error([answer['error'], answer['advice']].filter(Boolean).join(' '));
    return answer as unknown as Answer;
  }

  /**
   * Sends a command that changes something; the weeks are asked for again.
   * @throws Error with what the plugin said
   */
  async command<Answer>(name: string, args: JsonObject): Promise<Answer> {
    const answer = await this.ask<Answer>(name, args);
    this.#reloadSoon();
    return answer;
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
    try {
      this.places = (await this.ask<Pick<Album, 'places'>>('places')).places;
    } catch {
      this.places = {}; // the plugin is not running: the page says so above
    }
    this.#changed();
  }

  async #load(): Promise<void> {
    await Promise.all([
      this.loadWeeks(),
      this.loadPlaces(),
      this.#get<Abilities>('abilities').then(
        (abilities) => {
          this.abilities = abilities;
        },
        () => undefined, // told of by the weeks
      ),
    ]);
    this.#changed();
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
