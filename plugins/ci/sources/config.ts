/** The keys of the plugin's config that say where changes come from, defaults filled in. */
export interface SourcesConfig {
  /** Local bare repositories by project; without a path below the plugin's data folder. */
  readonly repositories: Readonly<Record<string, { readonly path?: string }>>;
  /** Repositories elsewhere by project. */
  readonly remotes: Readonly<Record<string, RemoteConfig>>;
  readonly webhooks?: WebhooksConfig;
  readonly gerrit?: GerritConfig;
}

export interface RemoteConfig {
  readonly url: string;
  readonly poll_seconds: number;
  /** Globs. */
  readonly branches: readonly string[];
  readonly forge?: 'github' | 'gitea';
  /** `owner/name` at the forge. */
  readonly repository?: string;
  readonly api?: string;
  readonly token?: string;
  /** File with a private key. */
  readonly key?: string;
  /** `ssh-ed25519 AAAA...`. */
  readonly host_key?: string;
}

export interface WebhooksConfig {
  /** `host:port`. */
  readonly listen: string;
  readonly secret: string;
}

export interface GerritConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** File with the private key. */
  readonly key: string;
  /** `ssh-ed25519 AAAA...`. */
  readonly host_key: string;
  /** How old an event is before Gerrit is asked about it. */
  readonly hold_seconds: number;
  /** Globs. */
  readonly projects: readonly string[];
}
