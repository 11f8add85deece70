import type { RunProgram } from 'cupboard/sdk';

/** `cupboard run modem-console header FILE` */
const run: RunProgram = () => {
  process.stderr.write('header: not in this version\n');
  return 1;
};
export default run;
