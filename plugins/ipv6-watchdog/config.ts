import { readFileSync } from 'node:fs';
import { errorText } from 'cupboard/sdk';
import { parseAiccuConf } from './aiccu-conf.ts';
import type { Thresholds } from './cost/recommend.ts';
import { isLinkName } from './parse/ip.ts';
import { isIpKeyword, type SitTunnel } from './sit.ts';

type Argv = readonly string[];

export interface EndpointUpdate {
  readonly tunnel_id: string;
  readonly user: string;
  readonly key: string;
  readonly url: string;
  readonly address_url?: string;
}

/** As plugin.json's schema describes it, defaults filled in. */
export interface TunnelConfig {
  readonly kind: 'sit' | 'external' | 'simulator';
  readonly interface?: string;
  readonly remote?: string;
  readonly local?: string;
  readonly address?: string;
  readonly gateway?: string;
  readonly prefix?: string;
  readonly lan?: string;
  readonly mtu: number;
  readonly ttl: number;
  readonly default_route: boolean;
  readonly restart?: Argv;
  readonly start?: Argv;
  readonly stop?: Argv;
  readonly status?: Argv;
  readonly stop_advertising?: Argv;
  readonly start_advertising?: Argv;
  readonly via?: Argv;
  readonly aiccu_conf?: string;
  readonly endpoint_update?: EndpointUpdate;
}

export interface CostConfig extends Thresholds {
  readonly destinations: readonly { readonly host: string; readonly weight?: number }[];
  readonly every: number;
  readonly download_url?: string;
  readonly download_bytes: number;
}

export interface Config {
  readonly tunnels: Readonly<Record<string, TunnelConfig>>;
  readonly interval: number;
  readonly timeout: number;
  readonly down: number;
  readonly up: number;
  readonly quorum: number;
  readonly targets_v6: readonly string[];
  readonly targets_v4: readonly string[];
  readonly dns: { readonly v4: string; readonly v6: string; readonly name: string };
  readonly big_every: number;
  readonly loss: number;
  readonly clock_wait: number;
  readonly cost: CostConfig;
  readonly outside?: { readonly url: string; readonly token: string };
}

/** A tunnel with everything that follows from its settings. */
export interface Tunnel extends TunnelConfig {
  readonly name: string;
  readonly link: string;
}

/**
 * Fills in what follows from other settings.
 * @throws RangeError when a name cannot stand in a command or aiccu.conf cannot be read
 */
export function toTunnel(name: string, config: TunnelConfig): Tunnel {
  const link =
    config.interface ?? (config.kind !== 'external' ? `sit-${name}`.slice(0, 15) : linkOfAiccu(config.aiccu_conf));
  const at = `tunnels.${name}`;
  if (!isLinkName(link))
    throw new RangeError(`${at}.interface: expected the name of a link (up to 15 characters), got "${link}"`);
  if (isIpKeyword(link))
    throw new RangeError(`${at}.interface: "${link}" is a word of the program ip: choose another name`);
  if (config.lan !== undefined && !isLinkName(config.lan))
    throw new RangeError(`${at}.lan: expected the name of a link, got "${config.lan}"`);
  for (const key of ['address', 'prefix'] as const) {
    const value = config[key];
    if (value !== undefined && !/^[\da-f:.]+\/\d{1,3}$/i.test(value))
      throw new RangeError(
        `${at}.${key}: expected an IPv6 address with its prefix length such as 2001:db8::2/64, got "${value}"`,
      );
  }
  return { ...config, name, link };
}

/** What `ip` needs to make the tunnel, once our own IPv4 address is known. */
export function toSit(
  { link, remote = '', address = '', gateway = '', prefix, lan, ...rest }: Tunnel,
  local: string,
): SitTunnel {
  return {
    name: link,
    remote,
    local,
    address,
    gateway,
    mtu: rest.mtu,
    ttl: rest.ttl,
    defaultRoute: rest.default_route,
    ...(prefix !== undefined && lan !== undefined && { lan: { link: lan, address: firstAddress(prefix) } }),
  };
}

/** `2001:db8:1::/64` -> `2001:db8:1::1/64`: the all-zero host is the anycast address of all routers (RFC 4291, 2.6.1). */
export function firstAddress(prefix: string): string {
  const [network = '', length = ''] = prefix.split('/');
  return `${network.endsWith('::') ? network : network.replace(/:0*$/, ':')}1/${length}`;
}

function linkOfAiccu(file = ''): string {
  try {
    return parseAiccuConf(readFileSync(file, 'utf8')).interface;
  } catch (error) {
    throw new RangeError(`aiccu_conf: ${file} cannot be read (${errorText(error)})`);
  }
}
