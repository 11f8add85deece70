/** What is known of the distribution an image is made of. */
export interface Distribution {
  /** `debian`, `fedora`: `DISTRO_NAME`. */
  readonly name: string;
  /** `bookworm`, `39`: `DIB_RELEASE`. */
  readonly release: string;
}

/** An element's `pkg-map`: how packages are called elsewhere; `""` = not needed there. */
export interface PackageMap {
  readonly release?: Readonly<Record<string, Readonly<Record<string, Names>>>>;
  readonly distro?: Readonly<Record<string, Names>>;
  readonly family?: Readonly<Record<string, Names>>;
  readonly default?: Names;
}
type Names = Readonly<Record<string, string>>;

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  redhat: ['rhel', 'rhel7', 'centos', 'centos7', 'centos-minimal', 'fedora', 'rocky', 'almalinux', 'openeuler'],
  debian: ['debian', 'ubuntu', 'raspbian'],
  suse: ['opensuse', 'suse', 'sles'],
  gentoo: ['gentoo'],
};

const familyOf = ({ name }: Distribution) =>
  Object.keys(FAMILIES).find((family) => FAMILIES[family]?.includes(name)) ?? '';

/** The packages that `name` stands for on a distribution: by release, then distribution, family, default, else itself. */
export function mapPackage(map: PackageMap, name: string, distribution: Distribution): readonly string[] {
  const found =
    map.release?.[distribution.name]?.[distribution.release]?.[name] ??
    map.distro?.[distribution.name]?.[name] ??
    map.family?.[familyOf(distribution)]?.[name] ??
    map.default?.[name] ??
    name;
  return found.split(/\s+/).filter(Boolean);
}
