import type { RunProgram } from 'cupboard/sdk';

/** `cupboard run modem-console attach CONSOLE` */
const run: RunProgram = () => {
  process.stderr.write('attach: not in this version\n');
  return 1;
};
export default run;
