/** What cupboard.yaml says below `plugins.ci`, defaults filled in. */
export interface Config {
  /** Folder of the job files; a relative one lies in the plugin's data folder. */
  readonly definitions: string;
  /** MQTT topic filters that triggers may listen to. */
  readonly topics: readonly string[];
  /** Finished builds that are remembered. */
  readonly keep_builds: number;
}
