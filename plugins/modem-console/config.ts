/** As plugin.json's schema describes it, defaults filled in. */
export interface Config {
  readonly consoles: Readonly<Record<string, ConsoleSettings>>;
  readonly lines_per_minute: number;
  readonly keep_boots: number;
}

/** One console: exactly one of `port` and `simulator` is set. */
export interface ConsoleSettings {
  readonly port?: string;
  readonly simulator?: 'cm' | 'linux';
  readonly name?: string;
  readonly baud: number;
  readonly data_bits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd' | 'mark' | 'space';
  readonly stop_bits: 1 | 2;
  readonly keep_mb: number;
  /** Keys of the bootloader's menu. */
  readonly allow_destructive: readonly string[];
  readonly network?: NetworkSettings;
}

export interface NetworkSettings {
  readonly host: string;
  readonly port: number;
  readonly write: boolean;
  readonly users: readonly { readonly name: string; readonly password: string }[];
}
