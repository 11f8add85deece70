import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorText, type RunProgram } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { buildTree, removeTree } from '../images/build.ts';
import { type DiskImageRequest, readCommandLine, USAGE } from '../images/disk-image-create.ts';
import { BreakPoints } from '../images/elements/phases.ts';
import { exportImage, hasDisk } from '../images/export.ts';
import { namespaceLack } from '../images/namespace.ts';
import { SHIPPED_ELEMENTS } from '../images/programs.ts';
import { openTerminal } from '../images/terminal.ts';

/** `cupboard run ci disk-image-create -t vhd -o image fedora-minimal vm ...`, as diskimage-builder's program of the name. */
const run: RunProgram<Config> = async ({ config, dataDir, args }) => {
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  if (args.includes('-h') || args.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  let request: DiskImageRequest;
  let breakPoints: BreakPoints;
  try {
    request = readCommandLine(args, process.env);
    breakPoints = new BreakPoints(request.breakPoints);
  } catch (error) {
    say(`${errorText(error)}\n${USAGE}`);
    return 2;
  }
  const lack = await namespaceLack();
  if (lack) {
    say(`${lack.reason}: ${lack.advice}`);
    return 1;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort(new Error('interrupted')));
  }
  const terminal = openTerminal();
  if (request.breakPoints && !terminal) say('break= has no effect without a terminal');
  await mkdir(request.temporary, { recursive: true });
  const folder = await mkdtemp(join(resolve(request.temporary), 'dib_build.'));
  const common = { signal: interrupted.signal, line: say };
  try {
    const environment = await buildTree({
      ...common,
      name: basename(request.output),
      elements: request.elements,
      environment: request.environment,
      folder,
      cache: request.environment['DIB_IMAGE_CACHE'] ?? join(dataDir, 'image-cache'),
      elementFolders: [...request.elementFolders, ...config.elements, SHIPPED_ELEMENTS].map((path) => resolve(path)),
      breakPoints: terminal ? breakPoints : new BreakPoints(),
      ...(terminal && { terminal: terminal.descriptor }),
      without: hasDisk(request.formats) ? [] : ['block-device'],
    });
    const { output, formats } = request;
    await exportImage({
      ...common,
      root: join(folder, 'mnt'),
      output: resolve(output),
      formats,
      environment,
    });
    for (const format of formats) {
      if (request.checksum) await writeChecksum(`${output}.${format}`);
      process.stdout.write(`${output}.${format}\n`);
    }
    return 0;
  } catch (error) {
    say(errorText(error));
    return 1;
  } finally {
    terminal?.close();
    await removeTree(folder).catch((error: unknown) => say(errorText(error)));
  }
};
export default run;

/** Beside the file, as `sha256sum --check` reads it. */
async function writeChecksum(file: string): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  await writeFile(`${file}.sha256`, `${hash.digest('hex')}  ${basename(file)}\n`);
}
