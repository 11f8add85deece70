import type { FileKind, FileState } from '../catalogue.ts';

/** What the page is told over HTTP. Times are wall clock, `YYYY-MM-DDTHH:MM:SS`, as the camera wrote them. */

/** Names one picture in URLs; `version` changes with the content, so that a browser may keep what it has for ever. */
export interface Picture {
  readonly id: number;
  readonly version: string;
}

export interface Week {
  /** `2016-W05` or `undated`. */
  readonly folder: string;
  readonly title: string | null;
  /** A shot is one press of the button, however many files it left. */
  readonly shots: number;
  readonly photos: number;
  readonly videos: number;
  readonly files: number;
  readonly bytes: number;
  readonly first: string | null;
  readonly last: string | null;
  /** Shots with a caption, and with a position. */
  readonly captioned: number;
  readonly located: number;
  /** Files by state. */
  readonly states: Readonly<Partial<Record<FileState, number>>>;
  /** Up to four pictures spread over the week. */
  readonly covers: readonly Picture[];
}

export interface ShotFile {
  readonly id: number;
  readonly name: string;
  readonly kind: FileKind;
  readonly size: number;
  readonly state: FileState;
}

/** One picture or film with the files that belong to it. */
export interface Shot extends Picture {
  readonly folder: string;
  readonly name: string;
  readonly kind: FileKind;
  readonly captured: string | null;
  readonly camera: string | null;
  readonly title: string | null;
  readonly caption: string | null;
  readonly keywords: readonly string[];
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly altitude: number | null;
  /** The picture's own file first. */
  readonly files: readonly ShotFile[];
}

export interface Found {
  readonly shots: readonly Shot[];
  /** Titles of the weeks that the shots are from. */
  readonly titles: Readonly<Record<string, string>>;
  /** More matched than are listed. */
  readonly more: boolean;
}

/** What this installation can do, for the page to offer. */
export interface Abilities {
  /** Why there are no thumbnails; null when there are. */
  readonly thumbnails: string | null;
  /** A map server is configured; who made its map. */
  readonly tiles: { readonly attribution: string } | null;
}

/** `tile` fills a square of 400 px; `screen` fits into 2048 px. */
export const SIZES = { tile: 400, screen: 2048 } as const;
export type Size = keyof typeof SIZES;
