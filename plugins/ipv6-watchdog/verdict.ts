/**
 * What a round of probes found. A field that is undefined was not or could not be checked, which is never the same as a
 * failure; `cannot` says why.
 */
export interface Evidence {
  /** False: the clock was never set since the machine started. */
  readonly clock?: boolean;
  readonly link?: LinkEvidence;
  /** IPv4 literals that took a TCP connection, of those tried. */
  readonly v4?: Share;
  /** Ping of the tunnel's IPv4 endpoint. */
  readonly endpoint?: PingEvidence;
  /** Ping of the tunnel's inner gateway. */
  readonly gateway?: PingEvidence;
  /** IPv6 literals in different networks that answered TCP or ping, and how many must. */
  readonly v6?: Share & { readonly quorum: number; readonly loss?: number };
  /** Full-sized packets to two of those that answered small ones. */
  readonly big?: { readonly lost: number; readonly tried: number; readonly tooBig?: number };
  readonly dns?: { readonly v4?: boolean; readonly v6?: boolean };
  /** Our IPv4 address differs from the one the broker last acknowledged. */
  readonly renumbered?: boolean;
  /** Since the last round packets went out through the link and none came in. */
  readonly oneWay?: boolean;
  /** Median TCP connect time in ms. */
  readonly latencyV4?: number;
  readonly latencyV6?: number;
  /** Probes that could not be made, each with its reason. */
  readonly cannot?: readonly string[];
  /** The tunnel cannot be looked at at all: why. */
  readonly blind?: string;
}

export interface LinkEvidence {
  readonly present: boolean;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly address: boolean;
  readonly route: 'ok' | 'linkdown' | 'missing';
  readonly mtu?: number;
}

interface Share {
  readonly answered: number;
  readonly tried: number;
}

interface PingEvidence {
  readonly answered: boolean;
  readonly loss?: number;
  readonly latency?: number;
}

export const VERDICTS = [
  'off',
  'unknown',
  'clock-unset',
  'ipv4-down',
  'link-down',
  'endpoint-changed',
  'tunnel-down',
  'broker-down',
  'transit-down',
  'pmtu-blackhole',
  'dns-down',
  'lossy',
  'slow',
  'ok',
] as const;
export type VerdictName = (typeof VERDICTS)[number];

/** What may be done about it; whether and when it is done is for the restart policy. */
export type Action = 'none' | 'restart' | 'restart-slowly' | 'restart-once' | 'update-endpoint';

export interface Verdict {
  readonly name: VerdictName;
  readonly action: Action;
  /** One line for the user: what is wrong and what to do. */
  readonly advice: string;
}

export interface Limits {
  /** Percent of lost packets from which a tunnel is `lossy`. */
  readonly loss: number;
  /** Ms that IPv6 may be slower than IPv4 before it is `slow`. */
  readonly cost: number;
}

/** From evidence to verdict: the first that fits. Pure; the table stands in the plugin's README. */
export function judge(evidence: Evidence, limits: Limits): Verdict {
  const { clock, link, v4, endpoint, gateway, v6, big, dns, renumbered, oneWay, blind } = evidence;
  if (blind !== undefined) return verdict('unknown', 'none', `The tunnel cannot be looked at: ${blind}.`);
  if (clock === false)
    return verdict(
      'clock-unset',
      'none',
      'The clock is not set yet; a tunnel that signs with the time cannot start. Waiting.',
    );
  if (v4 && v4.answered === 0)
    return verdict(
      'ipv4-down',
      'none',
      'The line itself is down: no IPv4 address answers. The tunnel comes back with it.',
    );
  if (link && !isWhole(link))
    return verdict('link-down', 'restart', `${linkFault(link)}; the tunnel is started again.`);

  const passes = v6 !== undefined && v6.answered >= v6.quorum;
  const gatewayFails = gateway ? !gateway.answered && !passes : v6 !== undefined && v6.answered === 0;
  if (gatewayFails) {
    if (v4 === undefined)
      return verdict(
        'unknown',
        'none',
        `IPv4 was not checked, so the tunnel is not to blame yet.${cannotText(evidence)}`,
      );
    if (renumbered)
      return verdict(
        'endpoint-changed',
        'update-endpoint',
        'Our IPv4 address has changed; the broker must be told the new one.',
      );
    if (endpoint && !endpoint.answered)
      return verdict(
        'broker-down',
        'restart-slowly',
        "The broker's tunnel server does not answer over IPv4 either: wait, or choose another one.",
      );
    return verdict(
      'tunnel-down',
      'restart',
      oneWay
        ? 'The line works; packets go out through the tunnel and none come back. It is started again.'
        : 'The line works but nothing comes through the tunnel; it is started again.',
    );
  }
  if (v6 === undefined) return verdict('unknown', 'none', `No IPv6 address could be tried.${cannotText(evidence)}`);
  if (!passes)
    return verdict(
      'transit-down',
      'restart-once',
      'The tunnel works, but the IPv6 internet behind it does not answer: the broker must mend that.',
    );
  if (big && big.tried > 0 && big.lost === big.tried && big.tooBig === undefined) {
    const mtu = link?.mtu === undefined ? '' : ` of ${link.mtu}`;
    return verdict(
      'pmtu-blackhole',
      'none',
      `Packets of the link's full size${mtu} vanish without an error. Set the tunnel's MTU to 1280, clamp the MSS, or advertise AdvLinkMTU.`,
    );
  }
  if (dns && dns.v4 === false && dns.v6 === false)
    return verdict('dns-down', 'none', 'IPv6 works, but no name server answers, over IPv4 or IPv6.');
  if (dns && (dns.v4 === false || dns.v6 === false))
    return verdict(
      'dns-down',
      'none',
      `IPv6 works, but the name server does not answer over ${dns.v6 === false ? 'IPv6' : 'IPv4'}.`,
    );
  const loss = v6.loss ?? gateway?.loss ?? 0;
  if (loss >= limits.loss)
    return verdict('lossy', 'none', `${Math.round(loss)} % of the packets are lost on the way through the tunnel.`);
  const cost = costOf(evidence);
  if (cost !== undefined && cost >= limits.cost)
    return verdict(
      'slow',
      'none',
      `Each connection takes ${Math.round(cost)} ms longer over the tunnel than over IPv4; see the recommendation.`,
    );
  return verdict('ok', 'none', 'All well.');
}

/** Ms that a connection over IPv6 takes longer than one over IPv4. */
export function costOf({ latencyV4, latencyV6 }: Evidence): number | undefined {
  return latencyV4 === undefined || latencyV6 === undefined ? undefined : latencyV6 - latencyV4;
}

const verdict = (name: VerdictName, action: Action, advice: string): Verdict => ({ name, action, advice });

const isWhole = (link: LinkEvidence) => link.present && link.up && link.carrier && link.address && link.route === 'ok';

function linkFault(link: LinkEvidence): string {
  if (!link.present) return 'The link does not exist';
  if (!link.up) return 'The link is set down';
  if (!link.carrier) return 'The link has lost its carrier: the program behind it is gone';
  if (!link.address) return 'The link has no IPv6 address';
  return link.route === 'missing' ? 'No default route leads through the link' : 'The default route is marked as down';
}

const cannotText = ({ cannot = [] }: Evidence) => (cannot.length === 0 ? '' : ` Not checked: ${cannot.join('; ')}.`);
