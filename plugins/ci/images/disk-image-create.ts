import { parseArgs } from 'node:util';
import type { ImageFormat } from './config.ts';

/** What a command line of diskimage-builder's disk-image-create asks for. */
export interface DiskImageRequest {
  readonly elements: readonly string[];
  /** Path of the files without their endings: `-o`, default `image`. */
  readonly output: string;
  readonly formats: readonly ImageFormat[];
  readonly environment: NodeJS.ProcessEnv;
  readonly elementFolders: readonly string[];
  /** Folder for the build, with plenty of space: `TMP_DIR`. */
  readonly temporary: string;
  readonly breakPoints: string;
  readonly checksum: boolean;
}

export const USAGE = `usage: disk-image-create [options] ELEMENT...
  -t TYPES   tar, raw, qcow2, vhd, separated by commas (qcow2)
  -o FILE    where the image goes, its type is added (image)
  -a ARCH    architecture (this machine's)
  -p NAMES   packages to install, separated by commas
  -n         no default element: name one that brings the root file system (always so here)
  -x         print what scripts that look at DIB_DEBUG_TRACE do
  -u         accepted: qcow2 is always compressed, other types never
  -c         clear the environment but for what this command line needs
  --image-size GIB  --image-cache FOLDER  --root-label NAME  --offline  --checksum
  --no-tmpfs accepted: builds never use one
environment: ELEMENTS_PATH TMP_DIR DIB_RELEASE DISTRO DIB_* break`;

const FORMATS: readonly ImageFormat[] = ['tar', 'raw', 'qcow2', 'vhd'];

/**
 * Reads a command line with the environment it was given.
 * @throws TypeError for options it does not know, RangeError for types it cannot make or where no element is named
 */
export function readCommandLine(args: readonly string[], caller: NodeJS.ProcessEnv): DiskImageRequest {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      types: { type: 'string', short: 't', default: 'qcow2' },
      output: { type: 'string', short: 'o', default: 'image' },
      arch: { type: 'string', short: 'a' },
      packages: { type: 'string', short: 'p', multiple: true, default: [] },
      bare: { type: 'boolean', short: 'n' },
      trace: { type: 'boolean', short: 'x', multiple: true, default: [] },
      uncompressed: { type: 'boolean', short: 'u' },
      clear: { type: 'boolean', short: 'c' },
      'image-size': { type: 'string' },
      'image-cache': { type: 'string' },
      'root-label': { type: 'string' },
      offline: { type: 'boolean' },
      checksum: { type: 'boolean', default: false },
      'no-tmpfs': { type: 'boolean' },
    },
  });
  const formats = values.types.split(',').filter(Boolean);
  const unknown = formats.filter((format) => !(FORMATS as readonly string[]).includes(format));
  if (unknown.length > 0) throw new RangeError(`-t ${unknown.join(',')}: expected ${FORMATS.join(', ')}`);
  if (positionals.length === 0) throw new RangeError('no element is named');

  const { PATH, HOME, ELEMENTS_PATH = '', TMP_DIR = '/tmp', DISTRO, break: breakPoints = '', ...others } = caller;
  const kept = values.clear ? {} : others;
  const packages = values.packages.flatMap((names) => names.split(',')).filter(Boolean);
  const chosen = {
    // The guide this follows names the release DISTRO.
    DIB_RELEASE: caller['DIB_RELEASE'] ?? DISTRO,
    ARCH: values.arch,
    DIB_IMAGE_SIZE: values['image-size'],
    DIB_IMAGE_CACHE: values['image-cache'],
    DIB_ROOT_LABEL: values['root-label'],
    DIB_OFFLINE: values.offline ? '1' : undefined,
    DIB_DEBUG_TRACE: values.trace.length > 0 ? String(values.trace.length) : undefined,
    DIB_PACKAGES: packages.length > 0 ? packages.join(' ') : undefined,
  };
  const set = Object.entries(chosen).filter(([, value]) => value !== undefined);
  return {
    elements: positionals,
    output: values.output.replace(/\.(tar|raw|qcow2|vhd)$/, ''),
    formats: formats as ImageFormat[],
    environment: { ...kept, PATH, HOME, ...(DISTRO !== undefined && { DISTRO }), ...Object.fromEntries(set) },
    elementFolders: ELEMENTS_PATH.split(':').filter(Boolean),
    temporary: TMP_DIR,
    breakPoints,
    checksum: values.checksum,
  };
}
