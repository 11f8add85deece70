import { basename } from 'node:path';
import type { Catalogue, CatalogueFile, Description, NewFile } from '../catalogue.ts';
import { type ChosenDate, chooseDate, timeInName } from './choose-date.ts';
import { type Hashed, hasContent } from './copy.ts';
import type { Folders } from './folders.ts';
import type { Member } from './group.ts';
import type { FoundTime, Head } from './head.ts';
import { isCompanion } from './kinds.ts';
import { foldName, type SplitName, safeName, splitName, withSuffix } from './names.ts';
import type { Outcome } from './report.ts';
import { type NameFolder, UNDATED } from './week.ts';

/** A member of a group whose content has been read. */
export interface Arrival {
  readonly member: Member;
  readonly hashed: Hashed;
  /** The copy that waits for its name; none in a dry run. */
  readonly temporary?: string;
  /** What it tells of itself; being read while other files are copied. */
  readonly head: Promise<Head | undefined>;
}

/** What is to become of an arrival. */
export interface Decision {
  readonly arrival: Arrival;
  readonly outcome: Extract<Outcome, 'imported' | 'known' | 'duplicate' | 'discarded' | 'missing'>;
  readonly path?: string;
  readonly reason?: string;
  /** The row to add, for `imported`. */
  readonly file?: NewFile;
  /** The file lies under that name already, of an import that was cut off before its row was written. */
  readonly inPlace?: boolean;
}

export interface SettleContext {
  readonly catalogue: Catalogue;
  readonly folders: Folders;
  /** Absolute path of a path in the archive. */
  readonly absolute: (path: string) => string;
  readonly nameFolder: NameFolder;
  readonly timezone: string;
}

/** Decides for one group after the other what is new and where it goes. */
export class Settler {
  /** Decided and not in the catalogue yet, by hash. */
  readonly #pending = new Map<string, NewFile>();

  constructor(private readonly context: SettleContext) {}

  /** The rows decided so far have been added to the catalogue. */
  committed(): void {
    this.#pending.clear();
  }

  /**
   * @param known rows of photos and videos recognised without being read, so that what is new joins them
   */
  async settle(arrivals: readonly Arrival[], known: readonly CatalogueFile[]): Promise<Decision[]> {
    const decisions: Decision[] = [];
    const fresh: Arrival[] = [];
    const kin: (CatalogueFile | NewFile)[] = [...known];
    for (const arrival of arrivals) {
      const row = this.#find(arrival, kin);
      if (row && !isCompanion(arrival.member.kind)) kin.push(row);
      const { sha256 } = arrival.hashed;
      if (row) decisions.push({ arrival, ...(await this.recognise(row, { name: arrival.member.name, sha256 })) });
      else if (this.context.catalogue.isDiscarded(sha256)) decisions.push({ arrival, outcome: 'discarded' });
      else fresh.push(arrival);
    }
    return fresh.length === 0 ? decisions : [...decisions, ...(await this.#place(fresh, kin[0]))];
  }

  /**
   * The row with this content. Companions of different photos often have the same content, so that theirs counts only
   * within their own shot.
   */
  #find({ member, hashed }: Arrival, kin: readonly { readonly shot: string }[]) {
    const pending = this.#pending.get(hashed.sha256);
    const rows = [...(pending ? [pending] : []), ...this.context.catalogue.byHash(hashed.sha256)];
    if (isCompanion(member.kind)) return rows.find(({ shot }) => kin.some((other) => other.shot === shot));
    return rows[0];
  }

  /** What to say of content that the catalogue has in `row`. */
  async recognise(row: CatalogueFile | NewFile, { name, sha256 }: { readonly name: string; readonly sha256: string }) {
    const { path } = row;
    if (!this.#pending.has(sha256) && !(await this.context.folders.has(path))) {
      return { outcome: 'missing', path, reason: 'it was imported before and is gone from the archive' } as const;
    }
    if (row.state === 'rot') {
      return {
        outcome: 'known',
        path,
        reason: 'its copy in the archive is damaged: restore heals it from here',
      } as const;
    }
    const isOwnName = foldName(basename(path)) === foldName(safeName(name));
    const isKnownName = isOwnName || this.context.catalogue.hasAlias(sha256, name);
    return { outcome: isKnownName ? 'known' : 'duplicate', path } as const;
  }

  /** One folder and one suffix for all that is new in a group; beside `kin`, where some of it is stored already. */
  async #place(fresh: readonly Arrival[], kin: CatalogueFile | NewFile | undefined): Promise<Decision[]> {
    const heads = await this.#heads(fresh);
    const date = kin ? dateOf(kin) : this.#date(fresh, heads);
    const captured = 'captured' in date ? date : undefined;
    const folder = kin?.folder ?? (captured ? this.context.nameFolder(captured.captured) : UNDATED);
    const names = fresh.map(({ member }) => splitName(safeName(member.name)));
    const start = kin ? joinNames(names, kin.path) : { names, suffix: 0 };
    const { suffix, inPlace } = await this.#freeSuffix(fresh, folder, start);
    const main = withSuffix({ ...(start.names[0] as SplitName), rest: '' }, suffix);
    const shot = kin?.shot ?? `${folder}/${main}`;

    const decisions: Decision[] = [];
    for (const [index, arrival] of fresh.entries()) {
      const { member, hashed } = arrival;
      const path = `${folder}/${withSuffix(start.names[index] as SplitName, suffix)}`;
      const now = Date.now();
      const file: NewFile = {
        ...describe(heads.get(arrival), captured),
        path,
        folder,
        shot,
        kind: member.kind,
        size: hashed.size,
        mtime: hashed.mtime,
        originalSha256: hashed.sha256,
        currentSha256: hashed.sha256,
        state: 'copied',
        imported: now,
        verified: null,
      };
      this.#pending.set(hashed.sha256, file);
      await this.context.folders.add(path);
      const reason = 'refused' in date ? undatedReason(date.refused) : undefined;
      decisions.push({
        arrival,
        outcome: 'imported',
        path,
        file,
        inPlace: inPlace.has(index),
        ...(reason !== undefined && { reason }),
      });
    }
    return decisions;
  }

  async #heads(fresh: readonly Arrival[]): Promise<Map<Arrival, Head>> {
    const heads = new Map<Arrival, Head>();
    for (const arrival of fresh) {
      const head = await arrival.head;
      if (head) heads.set(arrival, head);
    }
    return heads;
  }

  /** Of the main file if it has one; the clock in a video's header is trusted less than the THM beside it. */
  #date(fresh: readonly Arrival[], heads: ReadonlyMap<Arrival, Head>) {
    const early: FoundTime[] = [];
    const late: FoundTime[] = [];
    for (const [{ member }, { times }] of heads) {
      for (const time of times) (member.kind === 'video' && time.utc ? late : early).push(time);
    }
    const named = fresh.map(({ member }) => timeInName(member.name)).filter((time) => time !== undefined);
    return chooseDate([...early, ...late, ...named], { now: Date.now(), timezone: this.context.timezone });
  }

  /** The first suffix with which no member takes the name of other content. */
  async #freeSuffix(fresh: readonly Arrival[], folder: string, { names, suffix: first }: JoinedNames) {
    for (const suffix of suffixes(first)) {
      const inPlace = new Set<number>();
      let isFree = true;
      for (const [index, { hashed }] of fresh.entries()) {
        const path = `${folder}/${withSuffix(names[index] as SplitName, suffix)}`;
        if (await this.context.folders.isFree(path)) continue;
        isFree = await this.#isLeftBehind(path, hashed);
        if (!isFree) break;
        inPlace.add(index);
      }
      if (isFree) return { suffix, inPlace };
    }
    throw new Error('unreachable: there is always a further suffix');
  }

  async #isLeftBehind(path: string, { size, sha256 }: Hashed): Promise<boolean> {
    const isKnown = this.context.catalogue.find(path) !== undefined || this.#pending.get(sha256)?.path === path;
    return !isKnown && hasContent(this.context.absolute(path), size, sha256);
  }
}

interface JoinedNames {
  readonly names: readonly SplitName[];
  /** To be tried first. */
  readonly suffix: number;
}

/** Names beside a file that is stored already: its suffix, or its stem where it was stored under another name. */
function joinNames(names: readonly SplitName[], storedPath: string): JoinedNames {
  const stored = splitName(basename(storedPath)).stem;
  const suffix = /-(\d+)$/.exec(stored);
  const base = foldName(stored.slice(0, suffix?.index));
  if (names.every(({ stem }) => foldName(stem) === foldName(stored))) return { names, suffix: 0 };
  if (suffix && names.every(({ stem }) => foldName(stem) === base)) return { names, suffix: Number(suffix[1]) };
  return { names: names.map(({ rest }) => ({ stem: stored, rest })), suffix: 0 };
}

function* suffixes(first: number): Generator<number> {
  if (first > 0) yield first;
  for (let suffix = 0; ; suffix += 1) yield suffix;
}

const dateOf = ({ captured, capturedFrom, utcOffset }: Description): ChosenDate | { readonly refused: readonly [] } =>
  captured === null
    ? { refused: [] }
    : { captured, from: capturedFrom ?? '', ...(utcOffset !== null && { offset: utcOffset }) };

const undatedReason = (refused: readonly string[]) =>
  refused.length === 0 ? 'no capture date found' : `no usable date: ${refused.join('; ')}`;

/** The catalogue's columns for what a head says. */
export function describe(head: Head | undefined, date: ChosenDate | undefined): Description {
  return {
    captured: date?.captured ?? null,
    capturedFrom: date?.from ?? null,
    utcOffset: date?.offset ?? null,
    camera: head?.camera ?? null,
    latitude: head?.latitude ?? null,
    longitude: head?.longitude ?? null,
    altitude: head?.altitude ?? null,
    title: head?.title ?? null,
    caption: head?.caption ?? null,
    keywords: head?.keywords ?? [],
  };
}
