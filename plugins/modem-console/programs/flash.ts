import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunProgram } from 'cupboard/sdk';
import { flashCommand } from '../flash.ts';
import { mapInTranscript } from '../transcript.ts';
import { runReported } from './report.ts';

/** `cupboard run modem-console flash FILE [SECOND FILE] [--map TRANSCRIPT] [--out FOLDER]` */
const run: RunProgram = ({ args }) =>
  runReported('flash FILE [SECOND FILE] [--map TRANSCRIPT] [--out FOLDER]', async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { map: { type: 'string' }, out: { type: 'string' } },
    });
    const [file, second, ...others] = positionals;
    if (file === undefined || others.length > 0) return undefined;
    const map = values.map === undefined ? undefined : await mapInTranscript(resolve(values.map));
    const request = {
      file,
      ...(second !== undefined && { second }),
      ...(values.out !== undefined && { folder: values.out }),
    };
    return flashCommand(request, map, (path) => resolve(path));
  });
export default run;
