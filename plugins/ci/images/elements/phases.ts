/** The phases of an image build, in order, and where their scripts run: beside the new tree, or inside it. */
export const PHASES = [
  { name: 'root', where: 'host' },
  { name: 'extra-data', where: 'host' },
  { name: 'pre-install', where: 'chroot' },
  { name: 'install', where: 'chroot' },
  { name: 'post-install', where: 'chroot' },
  { name: 'post-root', where: 'host' },
  { name: 'block-device', where: 'host' },
  { name: 'pre-finalise', where: 'host' },
  { name: 'finalise', where: 'chroot' },
  { name: 'cleanup', where: 'host' },
] as const;

export type PhaseName = (typeof PHASES)[number]['name'];

/** Folders of an element besides those of the phases. */
const OTHER_FOLDERS = ['environment', 'bin'] as const;

/** Folder in an element to what the engine calls it. */
export const ELEMENT_FOLDERS: readonly string[] = [
  ...PHASES.map(({ name }) => `${name}.d`),
  ...OTHER_FOLDERS.map((name) => (name === 'bin' ? name : `${name}.d`)),
];

/** Where a build stops to open a shell. */
export class BreakPoints {
  readonly #points: ReadonlySet<string>;

  /**
   * @param text as in `break=`: `after-error`, `before-install,after-root`; the phase with or without `.d`
   * @throws RangeError for a point that does not exist, which would never be reached
   */
  constructor(text = '') {
    const points = text.split(',').map((point) => point.trim().replace(/\.d$/, ''));
    const known = new Set(['after-error', ...PHASES.flatMap(({ name }) => [`before-${name}`, `after-${name}`])]);
    const unknown = points.filter((point) => point !== '' && !known.has(point));
    if (unknown.length > 0) {
      throw new RangeError(`break=${unknown.join(',')}: expected after-error, before-PHASE or after-PHASE`);
    }
    this.#points = new Set(points);
  }

  has(point: string): boolean {
    return this.#points.has(point);
  }
}
