import { CronPattern } from 'croner';
import { errorText } from 'cupboard/sdk';

/** One entry of `targets`, with its name. Which keys count depends on `type`. */
export interface TargetSettings {
  readonly name: string;
  readonly type: 'directory' | 's3' | 'gcs' | 'rclone';
  readonly path?: string;
  readonly bucket?: string;
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region: string;
  readonly force_path_style?: boolean;
  readonly access_key_id?: string;
  readonly secret_access_key?: string;
  readonly key_file?: string;
  readonly storage_class?: string;
  readonly remote?: string;
  readonly config_file?: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly password?: string;
  /** `22:00-06:00`, wall clock of the hub. */
  readonly window?: string;
  /** kB/s. */
  readonly rate_limit?: number;
  readonly replace: 'versioned' | 'keep_both';
  /** Days. */
  readonly rewrite_after?: number;
  /** Per GiB and month. */
  readonly price?: number;
  readonly reader_key_file?: string;
  readonly reader_access_key_id?: string;
  readonly reader_secret_access_key?: string;
}

export interface Config {
  readonly archive: string;
  readonly targets: Readonly<Record<string, Omit<TargetSettings, 'name'>>>;
  /** Cron expression. */
  readonly schedule: string;
  readonly settle_seconds: number;
  readonly verify_days: number;
  readonly owner: string;
  readonly contact: string;
  readonly note: string;
  readonly readers: readonly string[];
  /** Cron expression; empty = never. */
  readonly drill: string;
  readonly flickr: {
    readonly api_key: string;
    readonly api_secret: string;
    readonly visibility: 'private' | 'family' | 'friends' | 'public';
    readonly url?: string;
  };
}

export const targetSettings = (config: Config): TargetSettings[] =>
  Object.entries(config.targets).map(([name, settings]) => ({ ...settings, name }));

/** What a target needs and does not have, in words; `undefined` when it is complete. */
export function missingSetting(settings: TargetSettings): string | undefined {
  const needed = { directory: ['path'], s3: ['bucket'], gcs: ['bucket'], rclone: ['remote'] } as const;
  const missing = needed[settings.type].find((key) => !settings[key]);
  if (missing !== undefined) return `targets.${settings.name}.${missing} is not set`;
  if ((settings.access_key_id === undefined) !== (settings.secret_access_key === undefined)) {
    return `targets.${settings.name}: access_key_id and secret_access_key go together`;
  }
  return undefined;
}

/** The same place entered with the credential that may only read; `undefined` when none is set. */
export function readerSettings(settings: TargetSettings): TargetSettings | undefined {
  const { reader_key_file, reader_access_key_id, reader_secret_access_key } = settings;
  if (settings.type === 'gcs' && reader_key_file) return { ...settings, key_file: reader_key_file };
  if (settings.type === 's3' && reader_access_key_id && reader_secret_access_key) {
    return { ...settings, access_key_id: reader_access_key_id, secret_access_key: reader_secret_access_key };
  }
  return undefined;
}

/** Which schedule is no cron expression, and why; `undefined` when both are. */
export function wrongSchedule({ schedule, drill }: Pick<Config, 'schedule' | 'drill'>): string | undefined {
  for (const [key, pattern] of Object.entries({ schedule, drill })) {
    if (key === 'drill' && pattern === '') continue;
    try {
      new CronPattern(pattern);
    } catch (error) {
      return `${key} is no schedule: ${errorText(error)}`;
    }
  }
  return undefined;
}
