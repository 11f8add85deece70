import type { Broker } from '../broker/contract.ts';
import type { ConfigFile } from '../config/contract.ts';
import type { PluginManager } from '../plugins/contract.ts';
import type { Recorder } from '../recorder/contract.ts';
import type { LogBook } from '../support/log-book.ts';
import type { Accounts } from './accounts.ts';

/** The parts of the hub that HTTP shows. */
export interface HttpParts {
  readonly config: ConfigFile;
  readonly broker: Broker;
  readonly recorder: Recorder;
  readonly plugins: PluginManager;
  readonly accounts: Accounts;
  readonly logs: LogBook;
  readonly dataDir: string;
  /** The built page: `dist/web`. */
  readonly webFolder: string;
  readonly version: string;
}

export interface HttpServer {
  /**
   * Opens `http.listen` and `<data>/hub.sock`.
   * @throws HubError `http_open_without_accounts` | `port_busy` | `http_listen`
   */
  start(): Promise<void>;
  /** Ends every connection. */
  stop(): Promise<void>;
  /** `http://127.0.0.1:8484`, with the port really taken. */
  readonly url: string;
  /** The one-time link that creates an account, as a person opens it. */
  accountLink(): string;
}
