import { HubError } from 'cupboard/sdk';
import { parse } from 'yaml';
import { type Distribution, mapPackage, type PackageMap } from './pkg-map.ts';

/** Packages by phase: installed at its start, or removed near its end. */
export interface PackagePlan {
  readonly install: ReadonlyMap<string, readonly string[]>;
  readonly uninstall: ReadonlyMap<string, readonly string[]>;
}

/** The package files of one element. */
export interface PackageFiles {
  readonly element: string;
  /** Text of package-installs.yaml (JSON is YAML too). */
  readonly installs: string;
  /** Text of pkg-map. */
  readonly map?: string;
}

/** Phases that packages may be installed in. */
export const PACKAGE_PHASES = ['pre-install.d', 'install.d', 'post-install.d'] as const;
/** Packages are taken out again at its end. */
export const UNINSTALL_PHASE = 'post-install.d';

/** The settings of a package, all optional; `null` stands for none. */
interface Entry {
  readonly phase?: string;
  readonly uninstall?: unknown;
  readonly 'build-only'?: unknown;
  readonly installtype?: string;
  readonly arch?: string;
  readonly 'not-arch'?: string;
  readonly dib_python_version?: unknown;
  readonly when?: string | readonly string[];
}
const KEYS = ['phase', 'uninstall', 'build-only', 'installtype', 'arch', 'not-arch', 'dib_python_version', 'when'];

/**
 * Which packages an image gets and loses, and when.
 * @param environment as the scripts see it: `when`, `installtype` and `ARCH` are read from it
 * @throws HubError `package_installs_invalid`, naming element and package
 */
export function planPackages(
  elements: readonly PackageFiles[],
  distribution: Distribution,
  environment: Readonly<Record<string, string | undefined>>,
): PackagePlan {
  const plan = { install: new Map<string, string[]>(), uninstall: new Map<string, string[]>() };
  const add = (list: Map<string, string[]>, phase: string, names: readonly string[]) => {
    const known = list.get(phase) ?? [];
    list.set(phase, [...known, ...names.filter((name) => !known.includes(name))]);
  };
  for (const { element, installs, map } of elements) {
    const packages = (parse(installs) ?? {}) as Record<string, Entry | readonly Entry[] | null>;
    const names = (map === undefined ? {} : JSON.parse(map)) as PackageMap;
    for (const [name, value] of Object.entries(packages)) {
      for (const entry of Array.isArray(value) ? (value as readonly Entry[]) : [(value ?? {}) as Entry]) {
        const fail = (what: string) =>
          new HubError('package_installs_invalid', `${element}: package-installs.yaml: ${name}: ${what}`);
        if (!applies(entry, element, environment, fail)) continue;
        const phase = entry.phase ?? 'install.d';
        if (!(PACKAGE_PHASES as readonly string[]).includes(phase)) throw fail(`phase ${phase} installs no packages`);
        const mapped = mapPackage(names, name, distribution);
        if (!isTrue(entry.uninstall)) add(plan.install, phase, mapped);
        if (isTrue(entry.uninstall) || isTrue(entry['build-only'])) add(plan.uninstall, UNINSTALL_PHASE, mapped);
      }
    }
  }
  return plan;
}

function applies(
  entry: Entry,
  element: string,
  environment: Readonly<Record<string, string | undefined>>,
  fail: (what: string) => HubError,
): boolean {
  const unknown = Object.keys(entry).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw fail(`unknown key ${unknown}`);
  const { arch, installtype, dib_python_version: python, 'not-arch': notArch } = entry;
  if (arch !== undefined && notArch !== undefined) throw fail('has both arch and not-arch');
  const here = environment['ARCH'] ?? '';
  if (arch !== undefined && !listed(arch).includes(here)) return false;
  if (notArch !== undefined && listed(notArch).includes(here)) return false;
  if (installtype !== undefined && installtype !== installType(element, environment)) return false;
  if (python !== undefined && String(python) !== (environment['DIB_PYTHON_VERSION'] ?? '3')) return false;
  const conditions = entry.when === undefined ? [] : [entry.when].flat();
  return conditions.every((condition) => holds(condition, environment, fail));
}

/** `VAR = x` or `VAR != x`. A variable that is not set is an error: it is more often misspelt than meant. */
function holds(
  condition: string,
  environment: Readonly<Record<string, string | undefined>>,
  fail: (what: string) => HubError,
): boolean {
  const [, variable = '', operator, wanted] = /^\s*(\w+)\s*(!=|=)\s*(.*?)\s*$/.exec(condition) ?? [];
  if (operator === undefined) throw fail(`when: expected "VAR = x" or "VAR != x", got "${condition}"`);
  const value = environment[variable];
  if (value === undefined) throw fail(`when: ${variable} is not set`);
  return (value === wanted) === (operator === '=');
}

/** How an element is to be installed: `DIB_INSTALLTYPE_x`, also spelt `DIB_INSTALL_TYPE_x`, else the default, `source`. */
export function installType(element: string, environment: Readonly<Record<string, string | undefined>>): string {
  const variable = element.replaceAll('-', '_');
  return (
    environment[`DIB_INSTALLTYPE_${variable}`] ??
    environment[`DIB_INSTALL_TYPE_${variable}`] ??
    environment['DIB_DEFAULT_INSTALLTYPE'] ??
    'source'
  );
}

const listed = (text: string) => text.split(/[\s,]+/).filter(Boolean);
const isTrue = (value: unknown) => value === true || /^(1|true|yes)$/i.test(String(value ?? ''));
