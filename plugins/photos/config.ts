/** A named point. Degrees, north and east positive; metres above sea level. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitude?: number;
}

/** As plugin.json's schema describes it, defaults filled in. */
export interface Config {
  readonly archive?: string;
  readonly folder?: string;
  readonly week: 'iso' | 'sunday';
  readonly roots: readonly string[];
  readonly mount: 'auto' | 'never';
  readonly inbox: readonly string[];
  /** MB. */
  readonly reserve_free?: number;
  /** Octal digits. */
  readonly mode: string;
  readonly group?: string;
  readonly extensions: readonly string[];
  /** Path or name of an ExifTool. */
  readonly exiftool?: string;
  readonly places: Readonly<Record<string, Place>>;
  readonly signal?: { readonly led?: string; readonly beep: boolean; readonly command?: readonly string[] };
  /** Address of map tiles, with {z}, {x} and {y}. */
  readonly tiles?: string;
  readonly tiles_credit: string;
  readonly verify_days: number;
  readonly simulate: boolean;
}
