/** A capture time as a file states it; `choose-date.ts` decides which one counts. */
export interface FoundTime {
  /** The tag, as exifr and ExifTool call it: `DateTimeOriginal`. */
  readonly from: string;
  /** `2013:05:10 15:21:35`, with `-` or `T`, with or without fractions of a second. */
  readonly text: string;
  /** `+02:00`, where the file says so. */
  readonly offset?: string;
  /** The text is in UTC (GPS, QuickTime's header) and not what the clock on the wall showed. */
  readonly utc?: true;
}

/** What a file tells of itself. Degrees, north and east positive; metres above sea level. */
export interface Head {
  /** In order of trust. */
  readonly times: readonly FoundTime[];
  /** Make, model and serial number. */
  readonly camera?: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly altitude?: number;
  readonly title?: string;
  readonly caption?: string;
  readonly keywords?: readonly string[];
}

/** Reads the heads of files; `undefined` for a file it knows nothing about. Never throws on a damaged file. */
export interface HeadReader {
  read(path: string, signal?: AbortSignal): Promise<Head | undefined>;
}
