import { createInterface } from 'node:readline';
import { errorText, type RunProgram } from 'cupboard/sdk';
import { ACTIONS } from '../simulate.ts';
import { openModem } from '../simulator.ts';

/** `cupboard run modem-console simulator`: a modem for other programs; a line of input is something done to it. */
const run: RunProgram = async () => {
  const simulated = openModem();
  const showPorts = async () => {
    for (const uart of ['cm', 'linux'] as const) process.stdout.write(`${uart} ${await simulated.path(uart)}\n`);
  };
  const input = createInterface({ input: process.stdin });
  process.once('SIGINT', () => input.close());
  try {
    await showPorts();
    process.stderr.write(
      `The modem is off. Attach, then type power_cycle; also: ${Object.keys(ACTIONS).join(', ')}.\n`,
    );
    for await (const line of input) {
      const action = ACTIONS[line.trim()];
      if (action) await action(simulated);
      else process.stderr.write(`expected one of ${Object.keys(ACTIONS).join(', ')}\n`);
      if (line.trim() === 'unplug') await showPorts();
    }
    return 0;
  } catch (error) {
    process.stderr.write(`simulator: ${errorText(error)}\n`);
    return 1;
  } finally {
    await simulated.close();
  }
};
export default run;
