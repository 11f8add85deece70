import { join } from 'node:path';
import { HubError } from 'cupboard/sdk';
import type { Checkout } from '../contract.ts';
import { quote } from '../nodes/channel.ts';

/** Where the objects of the checkouts' repositories are inside a node, by their number. */
const OBJECTS = '/run/git';

/** How the repositories of a build get into its node. */
export interface WorkspacePlan {
  /** Shell commands for the hub's own git, in the node's folder before the job enters. */
  readonly script: string;
  /** Path inside to path outside: the caches' objects, which the checkouts borrow instead of copying them. */
  readonly binds: Readonly<Record<string, string>>;
}

/**
 * Plans the workspace: the first checkout is the workspace itself, the others lie in it by their project's name and are
 * no part of its `git status`. Branches and tags of the cache are there too; nothing needs a network.
 * @param isInside whether the job sees the caches below `OBJECTS` (else at their own paths)
 * @throws HubError `bad_project` where a project's name would lead out of the workspace
 */
export function planWorkspace(checkouts: readonly Checkout[], workspace: string, isInside: boolean): WorkspacePlan {
  const binds: Record<string, string> = {};
  const scripts = checkouts.map((checkout, index) => {
    const outside = join(checkout.repository, 'objects');
    const inside = isInside ? `${OBJECTS}/${index}` : outside;
    if (isInside) binds[inside] = outside;
    const folder = index === 0 ? workspace : join(workspace, checkProject(checkout.project));
    return checkoutScript(checkout, folder, inside);
  });
  const others = checkouts.slice(1).map(({ project }) => `/${project}/`);
  const exclude = `mkdir -p ${quote(join(workspace, '.git/info'))} && printf '%s\\n' ${others.map(quote).join(' ')} >> ${quote(join(workspace, '.git/info/exclude'))}`;
  return { script: [...ENVIRONMENT, ...scripts, ...(others.length > 0 ? [exclude] : [])].join('\n'), binds };
}

// Nothing of whoever runs the hub has a say in what a job finds.
const ENVIRONMENT = ['set -e', 'export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0'];

function checkoutScript({ repository, branch, commit }: Checkout, folder: string, objectsInside: string): string {
  const git = `git -C ${quote(folder)}`;
  const alternates = quote(join(folder, '.git/objects/info/alternates'));
  const refs = (pattern: string, name: string) =>
    `git --git-dir=${quote(repository)} for-each-ref --format=${quote(`create ${name} %(objectname)`)} ${pattern}`;
  const head = `refs/heads/${branch}`;
  return [
    `[ ! -e ${quote(join(folder, '.git'))} ] && [ -z "$(ls -A ${quote(folder)} 2>/dev/null)" ] || { echo ${quote(`${folder} is not empty`)}; exit 1; }`,
    `git init -q --template= ${quote(folder)}`,
    `printf '%s\\n' ${quote(join(repository, 'objects'))} > ${alternates}`,
    `{ ${refs('refs/heads', 'refs/remotes/origin/%(refname:lstrip=2)')}; ${refs('refs/tags', '%(refname)')}; echo ${quote(`create ${head} ${commit}`)}; } | ${git} update-ref --stdin`,
    `${git} symbolic-ref HEAD ${quote(head)}`,
    `${git} reset -q --hard`,
    `printf '%s\\n' ${quote(objectsInside)} > ${alternates}`,
  ].join('\n');
}

function checkProject(project: string): string {
  if (project.split('/').some((part) => part === '' || part === '.' || part === '..' || part === '.git')) {
    throw new HubError('bad_project', `${project}: not a name for a folder of the workspace`);
  }
  return project;
}
