import { errorText, type Logger } from 'cupboard/sdk';
import type { Change, Checkout, Report, SourceEvent } from '../../contract.ts';
import type { WebhooksConfig } from '../config.ts';
import type { GitRemote } from '../git/cache.ts';
import type { Memory } from '../memory.ts';
import type { OpenedSource } from '../opened.ts';
import type { Delivery } from './delivery.ts';
import { type Listener, listenForWebhooks } from './listener.ts';
import type { Remote } from './remote.ts';

export interface RemoteSourceOptions {
  readonly name: string;
  /** By project. */
  readonly remotes: ReadonlyMap<string, Remote>;
  readonly webhooks: WebhooksConfig | undefined;
  readonly memory: Memory;
  readonly log: Logger;
}

/** All repositories elsewhere, as one source. */
export class RemoteSource implements OpenedSource {
  readonly name: string;
  readonly remotes: ReadonlyMap<string, Remote>;
  readonly #options: RemoteSourceOptions;
  #listener: Listener | undefined;

  constructor(options: RemoteSourceOptions) {
    this.name = options.name;
    this.remotes = options.remotes;
    this.#options = options;
  }

  /** Port of the webhooks, once they are listened for. */
  get port(): number | undefined {
    return this.#listener?.port;
  }

  async start(tell: (event: SourceEvent) => void): Promise<void> {
    await Promise.all([...this.remotes.values()].map((remote) => remote.start(tell)));
    const { webhooks, memory, log } = this.#options;
    if (webhooks === undefined) return;
    try {
      this.#listener = await listenForWebhooks(webhooks, memory, (delivery) => this.#handle(delivery), log);
      log.info(`webhooks are taken at ${webhooks.listen}`);
    } catch (error) {
      log.error(`no webhooks: ${errorText(error)}`);
    }
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    await Promise.all([...this.remotes.values()].map((remote) => remote.stop()));
  }

  has(project: string): boolean {
    return this.remotes.has(project);
  }

  locate(project: string): GitRemote | undefined {
    return this.remotes.get(project)?.gitRemote;
  }

  findByUrl(url: string): string | undefined {
    for (const [project, remote] of this.remotes) {
      const number = remote.numberOf(url);
      if (number !== undefined) return `${this.name}:${project}/${number}`;
    }
    return undefined;
  }

  async refresh(change: Change): Promise<Change | undefined> {
    return change.kind === 'change' ? await this.find(change.project, change.number ?? '') : change;
  }

  async find(project: string, number: string): Promise<Change | undefined> {
    return await this.remotes.get(project)?.find(Number(number));
  }

  /** Pull requests have no Change-Id. */
  async findByChangeId(): Promise<readonly string[]> {
    return [];
  }

  async openChanges(): Promise<readonly Change[]> {
    return (await Promise.all([...this.remotes.values()].map((remote) => remote.openChanges()))).flat();
  }

  async report(change: Change, report: Report): Promise<void> {
    await this.remotes.get(change.project)?.report(change, report);
  }

  async submit(change: Change, merged: Checkout): Promise<boolean> {
    return (await this.remotes.get(change.project)?.submit(change, merged)) ?? false;
  }

  /** `false` = of none of these repositories. */
  async #handle(delivery: Delivery): Promise<boolean> {
    const concerned = [...this.remotes.values()].filter((remote) => remote.isOf(delivery));
    await Promise.all(concerned.map((remote) => remote.handle(delivery)));
    return concerned.length > 0;
  }
}
