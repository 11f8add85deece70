import { errorText, type RunProgram } from 'cupboard/sdk';
import { type Config, firstAddress, type Tunnel } from '../config.ts';
import { policyFor } from '../firewall/live.ts';
import { renderDdwrt, renderRadvd } from '../firewall/render.ts';
import { createRun } from '../run.ts';
import { whichTunnel } from './which.ts';

const USAGE = `usage: render radvd [TUNNEL]     radvd.conf for the house
       render ddwrt [TUNNEL]     the .ipup script and the radvd text for the page of a dd-wrt router`;

/** `cupboard run ipv6-watchdog render ...` */
const program: RunProgram<Config> = async ({ config, args: [what, name] }) => {
  try {
    if (what === 'radvd') {
      process.stdout.write(radvdOf(config, whichTunnel(config, name)));
      return 0;
    }
    if (what === 'ddwrt') {
      process.stdout.write(await ddwrtOf(config, whichTunnel(config, name)));
      return 0;
    }
  } catch (error) {
    console.error(errorText(error));
    return 1;
  }
  console.error(USAGE);
  return 2;
};
export default program;

function radvdOf({ dns }: Config, tunnel: Tunnel): string {
  const { lan, prefix } = ofTheHouse(tunnel);
  return renderRadvd({ lan, prefix, dns: dns.v6 ? [dns.v6] : [], mtu: tunnel.mtu, lifetime: 1800 });
}

async function ddwrtOf(config: Config, tunnel: Tunnel): Promise<string> {
  const house = ofTheHouse(tunnel);
  const script = renderDdwrt(await policyFor(tunnel, createRun()), house, firstAddress(house.prefix));
  return `# ---- /jffs/config/${tunnel.link}.ipup ----\n${script}\n# ---- Setup, IPv6, Radvd config ----\n${radvdOf(config, tunnel)}`;
}

/** @throws RangeError when the tunnel's settings do not name them */
function ofTheHouse({ name, lan, prefix }: Tunnel): { readonly lan: string; readonly prefix: string } {
  if (lan !== undefined && prefix !== undefined) return { lan, prefix };
  throw new RangeError(`tunnels.${name}: expected lan and prefix, which the text is made of`);
}
