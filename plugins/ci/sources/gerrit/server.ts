import { HubError } from 'cupboard/sdk';
import type { Change } from '../../contract.ts';
import type { GerritConfig } from '../config.ts';
import { checkName, isProject } from '../git/names.ts';
import { type GerritRow, parseQuery } from './events.ts';
import { type Answer, connectGerrit, type GerritSession } from './session.ts';

/** Gerrit's ReviewInput, as far as we say anything. */
export interface Review {
  readonly message: string;
  readonly labels: Readonly<Record<string, number>>;
  readonly tag: string;
}

const QUERY = 'gerrit query --format=JSON --current-patch-set --commit-message --dependencies --files';
const MOST_PAGES = 50;

/** Gerrit's commands over one connection, which is made when it is needed. */
export class GerritServer {
  readonly #config: GerritConfig;
  readonly #signal: AbortSignal;
  #session: Promise<GerritSession> | undefined;

  /** @param signal aborted = nothing is connected any more */
  constructor(config: GerritConfig, signal: AbortSignal) {
    this.#config = config;
    this.#signal = signal;
  }

  close(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  /** The event stream, a line an event; resolves or rejects when it ends. @throws HubError `unreachable` */
  async follow(line: (text: string) => void): Promise<void> {
    await (await this.#connected()).follow('gerrit stream-events', line);
  }

  async change(number: number): Promise<GerritRow | undefined> {
    return (await this.query(`change:${number}`)).find((row) => row.number === number);
  }

  /** @param terms words of Gerrit's query language, or options; none = no rows */
  async query(...terms: readonly string[]): Promise<readonly GerritRow[]> {
    if (terms.length === 0) return [];
    const found: GerritRow[] = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const { rows, hasMore } = await this.queryPage(terms, found.length);
      found.push(...rows);
      if (!hasMore || rows.length === 0) break;
    }
    return found;
  }

  /** As many rows as the server gives at once. */
  async queryPage(terms: readonly string[], skipped = 0): Promise<ReturnType<typeof parseQuery>> {
    // Older servers have no -S, nor do they say that there is more.
    const skip = skipped === 0 ? '' : ` -S ${skipped}`;
    const answer = await this.#run(`${QUERY}${skip} ${terms.join(' ')}`);
    if (answer.code !== 0) throw new HubError('gerrit_refused', `gerrit query: ${complaintOf(answer)}`);
    return parseQuery(answer.stdout);
  }

  /** @throws HubError `gerrit_refused`, such as for a label that the account may not give */
  async review(change: Change, review: Review): Promise<void> {
    const answer = await this.#run(
      `gerrit review ${projectOption(change)} --json ${patchSetOf(change)}`,
      JSON.stringify(review),
    );
    if (answer.code !== 0) throw new HubError('gerrit_refused', `gerrit review: ${complaintOf(answer)}`);
  }

  /** @returns why it was refused; `undefined` = Gerrit took it, which is not yet merged */
  async submit(change: Change): Promise<string | undefined> {
    const answer = await this.#run(`gerrit review ${projectOption(change)} --submit ${patchSetOf(change)}`);
    return answer.code === 0 ? undefined : complaintOf(answer);
  }

  async #run(command: string, input?: string): Promise<Answer> {
    return await (await this.#connected()).run(command, input);
  }

  async #connected(): Promise<GerritSession> {
    if (this.#signal.aborted) throw new HubError('unreachable', 'the plugin is stopping');
    const current = this.#session;
    const open = await current?.catch(() => undefined);
    if (open?.isOpen) return open;
    // Unless another caller connects already.
    if (this.#session === current) this.#session = connectGerrit(this.#config);
    return await (this.#session ?? this.#connected());
  }
}

/** Two parsers read the command, ours and the server's: neither finds anything special in such names. */
function projectOption({ project }: Change): string {
  checkName('project', project, isProject);
  return `--project ${project}`;
}

function patchSetOf({ number = '', patchset = '' }: Change): string {
  checkName('patch set', `${number},${patchset}`, (name) => /^\d+,\d+$/.test(name));
  return `${number},${patchset}`;
}

const complaintOf = ({ stderr, code }: Answer): string => stderr.trim() || `status ${code}`;
