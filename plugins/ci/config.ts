import type { ImageSettings } from './images/config.ts';
import type { TargetSettings } from './images/targets.ts';
import type { ConfigRepoSettings } from './jobs/config-repo.ts';
import type { LocalConfig } from './runner/config.ts';
import type { SourcesConfig } from './sources/config.ts';
import type { RemoteConfig } from './workers/config.ts';

/** What cupboard.yaml says below `plugins.ci`, defaults filled in. */
export interface Config extends SourcesConfig, LocalConfig, RemoteConfig {
  /** Folder of the job files; a relative one lies in the plugin's data folder. */
  readonly definitions: string;
  /** Repository with more job files. */
  readonly config_repo?: ConfigRepoSettings;
  /** MQTT topic filters that triggers may listen to. */
  readonly topics: readonly string[];
  /** Finished builds that are remembered. */
  readonly keep_builds: number;
  /** Address that people reach the hub at, for links in reports; empty = links have only a path. */
  readonly url: string;
  /** Images by name. */
  readonly images: Readonly<Record<string, ImageSettings>>;
  /** Where images are uploaded to, by name. */
  readonly targets: Readonly<Record<string, TargetSettings>>;
  /** Folders with elements of the user. */
  readonly elements: readonly string[];
  /** People who work on a sample repository. */
  readonly sample?: { readonly pause_seconds: number };
}
