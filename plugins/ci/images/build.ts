import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { HubError } from 'cupboard/sdk';
import { PLUGIN_FOLDER } from '../folder.ts';
import { readAptSources, sourcesFor } from './apt-sources.ts';
import { elementFinder } from './elements/find.ts';
import { copyEnvironment, copyScripts } from './elements/hooks.ts';
import { type BreakPoints, PHASES, type PhaseName } from './elements/phases.ts';
import { type Element, resolveElements } from './elements/resolve.ts';
import { inNamespace, SYSTEM_PATH } from './namespace.ts';
import { imageProgram } from './programs.ts';
import { runLogged } from './run-logged.ts';

/** One image to make. */
export interface TreeBuild {
  readonly name: string;
  readonly elements: readonly string[];
  /** What the scripts see, besides what the build itself sets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Empty folder for everything of the build; the new tree is its `mnt`. */
  readonly folder: string;
  /** Where elements keep what they downloaded, over builds. */
  readonly cache: string;
  /** Folders with elements, first wins. */
  readonly elementFolders: readonly string[];
  /** `break=` as diskimage-builder knows it. */
  readonly breakPoints: BreakPoints;
  readonly line: (text: string) => void;
  readonly signal: AbortSignal;
  readonly terminal?: number;
  /** Phases to leave out: those of disks where only a tree is wanted. */
  readonly without: readonly PhaseName[];
}

/** Debian's names for what this machine is. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'armhf' };

/** The names in `elements` that bring a root file system. */
export async function rootElements(names: readonly string[], folders: readonly string[]): Promise<ReadonlySet<string>> {
  const find = elementFinder(folders);
  const found = await Promise.all(names.map(find));
  return new Set(
    found.filter((element) => element?.provides.includes('operating-system')).map((each) => each?.name ?? ''),
  );
}

/**
 * Builds a tree from elements: diskimage-builder's phases in their order. Nice to everything else on the machine.
 * @returns the variables that the elements' environment files set, for what is made of the tree
 * @throws HubError `element_unknown`, `element_conflict`, `package_installs_invalid`, `image_phase_failed`
 */
export async function buildTree(build: TreeBuild): Promise<Readonly<Record<string, string | undefined>>> {
  const elements = await resolveElements(build.elements, elementFinder(build.elementFolders));
  build.line(`elements: ${elements.map(({ name }) => name).join(' ')}`);
  const root = join(build.folder, 'mnt');
  const hooks = join(build.folder, 'hooks');
  await Promise.all([root, hooks, build.cache].map((folder) => mkdir(folder, { recursive: true, mode: 0o755 })));

  const given = variables(build, elements, root, hooks);
  await copyEnvironment(elements, hooks);
  const environment = await readEnvironment(build, given);
  const sources = await writeAptSources(build, environment);
  const all = { ...given, ...(sources !== undefined && { APT_SOURCES: sources }) };
  await copyScripts(elements, hooks, environment);
  for (const { name, where } of PHASES) {
    if (build.without.includes(name)) continue;
    await runPhase(build, name, where, all);
  }
  return { ...environment, ...all };
}

/** @throws HubError `image_phase_failed`, naming the script */
async function runPhase(
  build: TreeBuild,
  phase: string,
  where: 'host' | 'chroot',
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const argv = ['nice', '-n', '10', 'ionice', '-c', '3', 'bash', imageProgram('run-phase'), phase, where];
  let failure = `phase ${phase} failed`;
  let last = '';
  const line = (text: string) => {
    // The script's last words say more than its status: `mmdebstrap is not installed`.
    if (/^\S+\.d\/\S+ failed with status \d+$/.test(text)) failure = `${text}: ${last}`;
    else if (!/^\S+\.d\/\S+: \d+\.\d+ s$/.test(text)) last = text;
    build.line(text);
  };
  try {
    const { folder: cwd, signal, terminal } = build;
    await runLogged(inNamespace(argv), { env, cwd, signal, line, ...(terminal !== undefined && { terminal }) });
  } catch (error) {
    build.signal.throwIfAborted();
    throw new HubError('image_phase_failed', failure, { cause: error });
  }
}

function variables(build: TreeBuild, elements: readonly Element[], root: string, hooks: string): NodeJS.ProcessEnv {
  const points = PHASES.flatMap(({ name }) => [`before-${name}`, `after-${name}`]);
  return {
    DIB_OFFLINE: '',
    DIB_DEBUG_TRACE: '0',
    DIB_PYTHON_VERSION: '3',
    DIB_ROOT_LABEL: 'root',
    DIB_IMAGE_SIZE: '',
    LANG: 'C.UTF-8',
    ...build.environment,
    ARCH: build.environment['ARCH'] ?? ARCHITECTURES[arch()] ?? arch(),
    PATH: SYSTEM_PATH,
    IMAGE_NAME: build.name,
    IMAGE_ELEMENT: elements.map(({ name }) => name).join(' '),
    IMAGE_ELEMENT_YAML: JSON.stringify(Object.fromEntries(elements.map(({ name, folder }) => [name, folder]))),
    ELEMENTS_PATH: build.elementFolders.join(':'),
    CI_PLUGIN_FOLDER: PLUGIN_FOLDER,
    DIB_IMAGE_CACHE: build.cache,
    TMP_BUILD_DIR: build.folder,
    TMP_IMAGE_DIR: build.folder,
    TMP_HOOKS_PATH: hooks,
    TMP_MOUNT_PATH: root,
    TARGET_ROOT: root,
    BREAK_POINTS: ['after-error', ...points].filter((point) => build.breakPoints.has(point)).join(' '),
  };
}

/** The variables after all files of `environment.d`. */
async function readEnvironment(build: TreeBuild, given: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  await runPhase(build, 'environment', 'host', given);
  const file = join(build.folder, 'environment');
  const pairs = (await readFile(file, 'utf8')).split('\0').filter(Boolean);
  await rm(file);
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** The file with this machine's apt sources for the image's release, where both are of one distribution. */
async function writeAptSources(build: TreeBuild, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { DISTRO_NAME, DIB_RELEASE = '', APT_SOURCES } = environment;
  if (APT_SOURCES) return APT_SOURCES;
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const of = (field: string) => new RegExp(`^${field}="?([^"\\n]*)`, 'm').exec(text)?.[1] ?? '';
  if (of('ID') !== DISTRO_NAME) return undefined;
  const sources = sourcesFor(DIB_RELEASE, await readAptSources(), of('VERSION_CODENAME'));
  if (sources === '') return undefined;
  const file = join(build.folder, 'apt.sources');
  await writeFile(file, sources);
  return file;
}

/** Removes a tree that only its own namespace may touch; not an error where there is none. */
export async function removeTree(path: string): Promise<void> {
  const lines: string[] = [];
  const line = (text: string) => lines.push(text);
  const env = { PATH: SYSTEM_PATH };
  await runLogged(inNamespace(['rm', '-rf', '--one-file-system', '--', path]), {
    env,
    line,
    signal: new AbortController().signal,
  }).catch((error: unknown) => {
    throw new HubError('image_not_removed', lines.at(-1) ?? `${path} could not be removed`, { cause: error });
  });
}
