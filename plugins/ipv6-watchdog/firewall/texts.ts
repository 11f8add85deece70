import { type Config, firstAddress, type Tunnel } from '../config.ts';
import type { Run } from '../run.ts';
import { policyFor } from './live.ts';
import { renderDdwrt, renderIp6tables, renderNft, renderRadvd } from './render.ts';

export const TEXT_FORMS = ['ip6tables', 'nft', 'radvd', 'ddwrt'] as const;
export type TextForm = (typeof TEXT_FORMS)[number];

/** Seconds that a host uses a router without hearing of it again: radvd's own default. */
const LIFETIME = 1800;

/** @throws RangeError when the tunnel's settings do not name what the text is made of */
export async function textFor(form: TextForm, tunnel: Tunnel, config: Pick<Config, 'dns'>, run: Run): Promise<string> {
  switch (form) {
    case 'ip6tables':
      return renderIp6tables(await policyFor(tunnel, run));
    case 'nft':
      return renderNft(await policyFor(tunnel, run));
    case 'radvd':
      return radvdOf(config, tunnel);
    case 'ddwrt': {
      const house = ofTheHouse(tunnel);
      const script = renderDdwrt(await policyFor(tunnel, run), house, firstAddress(house.prefix));
      return `# ---- /jffs/config/${tunnel.link}.ipup ----\n${script}\n# ---- Setup, IPv6, Radvd config ----\n${radvdOf(config, tunnel)}`;
    }
  }
}

function radvdOf({ dns }: Pick<Config, 'dns'>, tunnel: Tunnel): string {
  const { lan, prefix } = ofTheHouse(tunnel);
  return renderRadvd({ lan, prefix, dns: dns.v6 ? [dns.v6] : [], mtu: tunnel.mtu, lifetime: LIFETIME });
}

function ofTheHouse({ name, lan, prefix }: Tunnel): { readonly lan: string; readonly prefix: string } {
  if (lan !== undefined && prefix !== undefined) return { lan, prefix };
  throw new RangeError(`tunnels.${name}: expected lan and prefix, which the text is made of`);
}
