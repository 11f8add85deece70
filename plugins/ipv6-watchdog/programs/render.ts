import { errorText, type RunProgram } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { TEXT_FORMS, type TextForm, textFor } from '../firewall/texts.ts';
import { createRun } from '../run.ts';
import { whichTunnel } from './which.ts';

const USAGE = `usage: render radvd [TUNNEL]     radvd.conf for the house
       render ddwrt [TUNNEL]     the .ipup script and the radvd text for the page of a dd-wrt router
       render ip6tables|nft [TUNNEL]   the firewall rules`;

/** `cupboard run ipv6-watchdog render ...` */
const program: RunProgram<Config> = async ({ config, args: [form, name] }) => {
  if (!TEXT_FORMS.includes(form as TextForm)) {
    console.error(USAGE);
    return 2;
  }
  try {
    const tunnel = whichTunnel(config, name);
    process.stdout.write(await textFor(form as TextForm, tunnel, config, createRun(tunnel.via)));
    return 0;
  } catch (error) {
    console.error(errorText(error));
    return 1;
  }
};
export default program;
