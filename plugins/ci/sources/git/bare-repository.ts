import type { Git } from './git.ts';
import { isAncestor } from './merge.ts';

/** Questions to a bare repository. */
export class BareRepository {
  constructor(
    readonly git: Git,
    readonly path: string,
  ) {}

  /** Branches and tags, full name to commit; an annotated tag to what it marks. */
  async refs(): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await this.#run([
      'for-each-ref',
      '--format=%(refname)%09%(objectname)%09%(*objectname)',
      'refs/heads',
      'refs/tags',
    ]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return new Map(
      lines.map((line) => {
        const [name = '', id = '', peeled = ''] = line.split('\t');
        return [name, peeled === '' ? id : peeled];
      }),
    );
  }

  async tip(branch: string): Promise<string | undefined> {
    const ref = `refs/heads/${branch}`;
    const { stdout } = await this.#run(['for-each-ref', '--format=%(objectname)', ref]);
    return stdout.split('\n')[0] || undefined;
  }

  /** Whether the commit is there. */
  async has(commit: string): Promise<boolean> {
    const args = ['cat-file', '-e', `${commit}^{commit}`];
    return (await this.git(args, { repository: this.path, accept: [1, 128] })).code === 0;
  }

  isAncestor(older: string, newer: string): Promise<boolean> {
    return isAncestor(this.git, this.path, older, newer);
  }

  /** Where two commits' histories part; `undefined` = they have none in common. */
  async mergeBase(one: string, other: string): Promise<string | undefined> {
    const { stdout } = await this.git(['merge-base', one, other], { repository: this.path, accept: [1] });
    return stdout.trim() || undefined;
  }

  /** Commits of patch sets that a branch has. */
  async mergedInto(branch: string): Promise<ReadonlySet<string>> {
    const args = ['for-each-ref', '--format=%(objectname)', `--merged=refs/heads/${branch}`, 'refs/changes/'];
    return new Set((await this.#run(args)).stdout.split('\n'));
  }

  async message(commit: string): Promise<string> {
    return (await this.#run(['show', '--no-patch', '--format=%B', commit])).stdout.trimEnd();
  }

  /** Paths that differ from the commit's first parent, or from `since`. */
  async files(commit: string, since?: string): Promise<readonly string[]> {
    const parents = since === undefined ? await this.parents(commit) : [since];
    const args = ['diff-tree', '-r', '--name-only', '--no-commit-id', '-z', '--root', ...parents.slice(0, 1), commit];
    return (await this.#run(args)).stdout.split('\0').filter((path) => path !== '');
  }

  async parents(commit: string): Promise<readonly string[]> {
    const { stdout } = await this.#run(['show', '--no-patch', '--format=%P', commit]);
    return stdout
      .trim()
      .split(' ')
      .filter((parent) => parent !== '');
  }

  #run(args: readonly string[]) {
    return this.git(args, { repository: this.path });
  }
}
