import { mkdir } from 'node:fs/promises';
import { HubError } from 'cupboard/sdk';
import { type Credentials, gitCredentials } from '../sources/git/credentials.ts';
import type { Git } from '../sources/git/git.ts';
import { isBranch } from '../sources/git/names.ts';
import type { DefinitionFiles } from './definitions.ts';
import { checkSize, isDefinitionFile } from './files.ts';

/** `url` is a path or what git can fetch over https or ssh. */
export interface ConfigRepoSettings extends Credentials {
  readonly branch: string;
  /** Seconds between two looks at the branch. */
  readonly poll_seconds: number;
}

/** A branch of a repository with definitions, kept in a bare repository of the plugin's own. */
export class ConfigRepo {
  readonly #settings: ConfigRepoSettings;
  readonly #repository: string;
  readonly #git: Git;

  /** @param repository folder of the bare repository; made where it is missing */
  constructor(settings: ConfigRepoSettings, repository: string, git: Git) {
    if (!isBranch(settings.branch)) throw new HubError('name_refused', 'config_repo.branch is no name of a branch');
    this.#settings = settings;
    this.#repository = repository;
    this.#git = git;
  }

  /**
   * Fetches the branch if it has moved. Answers whether it had.
   * @throws HubError `git_failed`, `git_timeout`, `git_missing`, `branch_missing`, `config_invalid`
   */
  async fetch(): Promise<boolean> {
    const { url, branch } = this.#settings;
    const environment = await gitCredentials(this.#settings, `${this.#repository}.known_hosts`);
    const { stdout } = await this.#git(['ls-remote', '--', url, `refs/heads/${branch}`], { environment });
    const [tip = ''] = stdout.split(/\s/);
    if (tip === '') throw new HubError('branch_missing', `the config_repo has no branch ${branch}`);
    if (tip === (await this.#commit())) return false;
    await mkdir(this.#repository, { recursive: true, mode: 0o700 });
    await this.#git(['init', '--quiet', '--bare', this.#repository]);
    const refspec = `+refs/heads/${branch}:refs/heads/config`;
    const fetch = ['fetch', '--quiet', '--no-tags', '--depth=1', '--', url, refspec];
    await this.#git(fetch, { repository: this.#repository, environment });
    return true;
  }

  /**
   * The files as last fetched; none before the first time.
   * @throws HubError `definitions_too_large`
   */
  async read(): Promise<DefinitionFiles> {
    const files = new Map<string, string>();
    const commit = await this.#commit();
    if (commit === undefined) return files;
    const { stdout } = await this.#git(['ls-tree', '-r', '-z', '--long', commit], { repository: this.#repository });
    for (const entry of stdout.split('\0')) {
      // MODE TYPE OBJECT SIZE<tab>PATH; regular files are 100644 and 100755, links and submodules something else.
      const [, object = '', size, path = ''] = /^100[0-7]{3} blob ([0-9a-f]+) +(\d+)\t(.+)$/s.exec(entry) ?? [];
      if (path === '' || !isDefinitionFile(path)) continue;
      checkSize(path, Number(size), files.size);
      files.set(path, (await this.#git(['cat-file', 'blob', object], { repository: this.#repository })).stdout);
    }
    return files;
  }

  async #commit(): Promise<string | undefined> {
    const { stdout } = await this.#git(['rev-parse', '--verify', '--quiet', 'refs/heads/config'], {
      repository: this.#repository,
      accept: [1, 128],
    });
    return stdout.trim() || undefined;
  }
}
