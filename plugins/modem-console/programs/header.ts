import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunProgram } from 'cupboard/sdk';
import { headerCommand } from '../header.ts';
import { runReported } from './report.ts';

/** `cupboard run modem-console header FILE [--offset N] [--payload FILE] [--decompressed FILE]` */
const run: RunProgram = ({ args }) =>
  runReported('header FILE [--offset N] [--payload FILE] [--decompressed FILE]', () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { offset: { type: 'string' }, payload: { type: 'string' }, decompressed: { type: 'string' } },
    });
    const [file, ...others] = positionals;
    const { offset = '0', ...outputs } = values;
    if (file === undefined || others.length > 0 || Number.isNaN(Number(offset))) return undefined;
    return headerCommand({ file, offset: Number(offset), ...outputs }, (path) => resolve(path));
  });
export default run;
