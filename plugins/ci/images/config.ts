/** What `images:` says of one image; defaults are filled in by the manifest's schema. */
export interface ImageSettings {
  /** Release of the distribution: `bookworm`, `jammy`, `39`; `DIB_RELEASE` of the elements. */
  readonly suite?: string;
  /** Elements besides the one that makes the root file system, in any order; default `debian-minimal` alone. */
  readonly elements?: readonly string[];
  /** Packages to install, by their names in the image's distribution. */
  readonly packages?: readonly string[];
  /** Variables for the elements, such as `DIB_DEV_USER_PASSWORD`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Tar archive to start from, a file or a URL, instead of packages; makes `rootfs` the default element. */
  readonly rootfs?: string;
  /** SHA-256 of `rootfs`, hexadecimal; required for a URL. */
  readonly sha256?: string;
  /** Package sources: a mirror's URL, or a file in apt's format. Default: those of the machine. */
  readonly sources?: string;
  /** Shell script that must succeed in the new image before it is used. */
  readonly smoke?: string;
  /** Five fields, UTC; `false` = only when asked for. */
  readonly cron?: string | false;
  /** Files made of every build: `tar`, `raw`, `qcow2`, `vhd`. */
  readonly formats?: readonly ImageFormat[];
  /** Free space a build needs, MiB. */
  readonly need_mb?: number;
  /** Names in `targets` that each good build is uploaded to. */
  readonly targets?: readonly string[];
}

export type ImageFormat = 'tar' | 'raw' | 'qcow2' | 'vhd';

/** Every day at 14:14 UTC, when OpenStack's images were built. */
export const DAILY = '14 14 * * *';

/** The element that makes the root file system is named first unless the settings name one themselves. */
export function elementsOf(image: ImageSettings, rootElements: ReadonlySet<string>): readonly string[] {
  const named = image.elements ?? [];
  if (named.some((name) => rootElements.has(name))) return named;
  return [image.rootfs ? 'rootfs' : 'debian-minimal', ...named];
}
