import type { TopicRules } from '../broker/contract.ts';
import type { JsonObject, Location, Units } from '../sdk/contract.ts';

/** cupboard.yaml with every default filled in. snake_case as in the file. */
export interface HubConfig {
  readonly name: string;
  readonly location?: Location;
  /** IANA name. */
  readonly timezone: string;
  /** How pages show values; topics and files stay metric. */
  readonly units: Units;
  readonly broker: BrokerConfig;
  readonly http: HttpConfig;
  /** Paths of PEM files, relative to the data directory. */
  readonly tls: { readonly certificate: string; readonly key: string };
  readonly recorder: RecorderConfig;
  readonly backup: BackupConfig;
  /** A plugin's part, as written: the plugin's own schema checks it. */
  readonly plugins: Readonly<Record<string, JsonObject>>;
  readonly automations: readonly JsonObject[];
}

export interface BrokerConfig {
  /** `HOST:PORT`. */
  readonly listen: string;
  /** `HOST:PORT`, with TLS. */
  readonly tls_listen?: string | null;
  /** May clients on loopback connect without a user. */
  readonly anonymous: boolean;
  /** By user name; beside those kept with the accounts, and in their place. */
  readonly rules: Readonly<Record<string, TopicRules>>;
  readonly limits: {
    readonly packet_bytes: number;
    readonly connect_bytes: number;
    readonly connect_seconds: number;
    readonly keepalive_seconds: number;
    readonly connections_per_address: number;
    readonly connects_per_minute: number;
    readonly bytes_per_second: number;
    readonly inflight: number;
    readonly sessions: number;
    readonly subscriptions: number;
    readonly queue_messages: number;
    readonly queue_bytes: number;
    readonly retained_count: number;
    readonly retained_bytes: number;
  };
}

export interface HttpConfig {
  /** `HOST:PORT`. */
  readonly listen: string;
  /** Whether it speaks HTTPS there. */
  readonly tls?: boolean;
  /** Names the page may be asked under, beside loopback and the machine's own. */
  readonly hosts: readonly string[];
  /** Addresses and CIDR ranges of proxies whose X-Forwarded-For, -Proto and -Host are believed. */
  readonly trust_proxy: readonly string[];
}

export interface RecorderConfig {
  /** Seconds between commits: what a power cut may cost. 1 to 60. */
  readonly commit_seconds: number;
  /** Topic filters that are not recorded. */
  readonly exclude: readonly string[];
  /** The first filter that matches a series decides; days, `null` = for ever. */
  readonly retention: readonly {
    readonly filter: string;
    readonly raw_days: number | null;
    readonly five_minute_days: number | null;
    readonly hour_days: number | null;
    readonly day_days: number | null;
  }[];
  readonly event_days: number;
  /** Hard cap of recorder.db; the oldest raw readings go first, recording never stops. */
  readonly max_bytes: number;
  readonly max_series: number;
}

/** The automatic daily backup. */
export interface BackupConfig {
  /** 0 = none. */
  readonly keep: number;
  readonly max_file_mb: number;
}

/** The configuration that is in force, and the file it came from. */
export interface ConfigFile {
  readonly path: string;
  /** In force now. */
  readonly current: HubConfig;
  /** Values of secrets.yaml that are in use, so that log writers can mask them. */
  secretValues(): readonly string[];
  /** Calls back after a valid change of the file; an invalid one is only logged, with every problem. */
  onChange(listener: (next: HubConfig, previous: HubConfig) => void): void;
  /**
   * Sets or (with undefined) removes values by path in cupboard.yaml: atomic, comments and order kept. Values named in
   * `secrets` go to secrets.yaml (0600) and `!secret name` into cupboard.yaml.
   * @throws ConfigError when the result would be invalid; then nothing is written
   */
  edit(
    changes: readonly { path: readonly (string | number)[]; value: unknown; secret?: boolean }[],
  ): Promise<HubConfig>;
  /** Watches both files until stopped. */
  watch(): Promise<void>;
  stop(): Promise<void>;
}
