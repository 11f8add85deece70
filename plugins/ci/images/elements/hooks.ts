import { chmod, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HubError } from 'cupboard/sdk';
import { readIfThere } from './find.ts';
import { installType, type PackagePlan, planPackages } from './package-installs.ts';
import { ELEMENT_FOLDERS } from './phases.ts';
import type { Element } from './resolve.ts';

/**
 * Copies the environment files of all elements into `hooks`: what they set decides what else is taken.
 * @throws HubError `element_conflict`
 */
export const copyEnvironment = (elements: readonly Element[], hooks: string) =>
  copyFolders(elements, hooks, ['environment.d'], () => []);

/**
 * Copies the scripts of all elements into `hooks`, a folder a phase, with those of the install type chosen, and adds
 * scripts that install and remove packages.
 * @param environment after all environment files
 * @throws HubError `element_conflict` where two elements have a script of one name, `package_installs_invalid`
 */
export async function copyScripts(
  elements: readonly Element[],
  hooks: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const folders = ELEMENT_FOLDERS.filter((folder) => folder !== 'environment.d');
  // `install.d/x-y-source-install/` of element x-y is taken only for its install type; `repo` is a source in git.
  const chosen = (element: Element, phase: string) => {
    const type = installType(element.name, environment).replace('repo', 'source');
    return [`${phase}/${element.name}-${type}-install`];
  };
  await copyFolders(elements, hooks, folders, chosen);
  await writePackageScripts(await readPlan(elements, environment), hooks);
}

async function copyFolders(
  elements: readonly Element[],
  hooks: string,
  folders: readonly string[],
  alternatives: (element: Element, folder: string) => readonly string[],
): Promise<void> {
  const owners = new Map<string, string>();
  for (const element of elements) {
    for (const folder of folders) {
      await mkdir(join(hooks, folder), { recursive: true });
      for (const source of [folder, ...alternatives(element, folder)]) {
        for (const file of await filesIn(join(element.folder, source))) {
          const target = join(folder, basename(file));
          const other = owners.get(target);
          if (other !== undefined) {
            throw new HubError('element_conflict', `${other} and ${element.name} both have ${target}`);
          }
          owners.set(target, element.name);
          await cp(file, join(hooks, target), { verbatimSymlinks: true });
        }
      }
    }
  }
}

/** Files directly in a folder; none where there is no such folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(folder, entry.name));
}

async function readPlan(
  elements: readonly Element[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PackagePlan> {
  const files = [];
  for (const { name, folder } of elements) {
    const installs =
      (await readIfThere(join(folder, 'package-installs.yaml'))) ??
      (await readIfThere(join(folder, 'package-installs.json')));
    const map = await readIfThere(join(folder, 'pkg-map'));
    if (installs !== undefined) files.push({ element: name, installs, ...(map !== undefined && { map }) });
  }
  const { DISTRO_NAME = '', DIB_RELEASE = '' } = environment;
  return planPackages(files, { name: DISTRO_NAME, release: DIB_RELEASE }, environment);
}

/** Before the scripts of the elements in pre-install and install (which number from 10), removal after them. */
const INSTALL_NAMES: Readonly<Record<string, string>> = {
  'pre-install.d': '02-package-installs',
  'install.d': '01-package-installs',
  'post-install.d': '00-package-installs',
};
const UNINSTALL_NAME = '95-package-uninstalls';

async function writePackageScripts(plan: PackagePlan, hooks: string): Promise<void> {
  const write = async (file: string, command: string, names: readonly string[]) => {
    if (names.length === 0) return;
    await writeFile(file, `#!/bin/sh\nexec ${command} ${names.join(' ')}\n`);
    await chmod(file, 0o755);
  };
  for (const [phase, names] of plan.install) {
    await write(join(hooks, phase, INSTALL_NAMES[phase] ?? ''), 'install-packages', names);
  }
  for (const [phase, names] of plan.uninstall) {
    await write(join(hooks, phase, UNINSTALL_NAME), 'install-packages -e', names);
  }
}
