import type { RunProgram } from 'cupboard/sdk';

/** `cupboard run modem-console flash FILE` */
const run: RunProgram = () => {
  process.stderr.write('flash: not in this version\n');
  return 1;
};
export default run;
