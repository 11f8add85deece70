import { rm } from 'node:fs/promises';
import { HubError } from 'cupboard/sdk';
import type { ImageFormat } from './config.ts';
import { hasProgram, inNamespace, lackOf } from './namespace.ts';
import { imageProgram } from './programs.ts';
import { runLogged } from './run-logged.ts';

/** How qemu-img is told of a format: name and options. */
const QEMU: Readonly<Record<'qcow2' | 'vhd', readonly string[]>> = {
  qcow2: ['-c', '-O', 'qcow2'],
  // Without force_size the disk would be rounded up to the geometry of cylinders and heads.
  vhd: ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'],
};

export interface Export {
  /** The tree to export. */
  readonly root: string;
  /** Path of the files without `.raw`, `.tar` and so on. */
  readonly output: string;
  readonly formats: readonly ImageFormat[];
  /** Variables of the build: `DIB_IMAGE_SIZE`, `DIB_ROOT_LABEL`. */
  readonly environment: NodeJS.ProcessEnv;
  readonly line: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Whether any of the formats is a disk: those need the phases of disks. */
export const hasDisk = (formats: readonly ImageFormat[]): boolean => formats.some((format) => format !== 'tar');

/**
 * Writes an image's files. Disks are for BIOS machines: one ext4 partition, GRUB before it where the tree has a grub.cfg.
 * @throws HubError `image_needs` a program, `program_failed`
 */
export async function exportImage(from: Export): Promise<void> {
  const { root, output, formats, environment, line, signal } = from;
  const run = (argv: readonly string[]) => runLogged(argv, { env: environment, line, signal });
  if (formats.includes('tar')) {
    line(`writing ${output}.tar`);
    const tar = ['tar', '--numeric-owner', '--one-file-system', '--xattrs', '-C', root, '-cf', `${output}.tar`, '.'];
    await run(inNamespace(tar));
  }
  if (!hasDisk(formats)) return;
  const raw = `${output}.raw`;
  line(`writing ${raw}`);
  await run(inNamespace(['bash', imageProgram('make-disk'), root, raw]));
  for (const format of ['qcow2', 'vhd'] as const) {
    if (!formats.includes(format)) continue;
    if (!hasProgram('qemu-img')) throw needs('qemu-img', 'qemu-utils');
    line(`writing ${output}.${format}`);
    await run(['qemu-img', 'convert', '-f', 'raw', ...QEMU[format], raw, `${output}.${format}`]);
  }
  if (!formats.includes('raw')) await rm(raw, { force: true });
}

function needs(program: string, aptPackage: string): HubError {
  const { reason, advice } = lackOf(program, aptPackage);
  return new HubError('image_needs', `${reason}: ${advice}`);
}
