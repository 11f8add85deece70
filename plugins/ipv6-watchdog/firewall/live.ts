import type { Tunnel } from '../config.ts';
import { parseLink } from '../parse/ip.ts';
import type { Ended, Run } from '../run.ts';
import { type AuditSubject, audit, type Finding, parseRules } from './audit.ts';
import type { Policy } from './render.ts';

const READ_TIMEOUT_MS = 10_000;

/** Checks the rules in force where the tunnel ends, or a text in their place. */
export async function auditTunnel(tunnel: Tunnel, run: Run, text?: string): Promise<Finding[]> {
  const read = async (...argv: string[]) => outputOf(await run(argv, { timeoutMs: READ_TIMEOUT_MS }));
  const rules = text ?? (await rulesInForce(read));
  if (rules === undefined) {
    const message = 'the rules cannot be read here: ip6tables -S and nft list ruleset need root; paste what they print';
    return [{ check: 'rules', level: 'not checked', message }];
  }
  const subject: AuditSubject = {
    rules: parseRules(rules),
    tunnel: tunnel.link,
    lan: tunnel.lan ?? 'br0',
    pointToPoint: await isPointToPoint(tunnel, run),
    text: rules,
    ...(tunnel.remote !== undefined && { endpoint: tunnel.remote }),
  };
  if (text !== undefined) return audit(subject);
  const ipv4 = await read('iptables', '-S');
  const legacy = (await read('ip6tables-legacy', '-S'))?.split('\n').some((line) => line.startsWith('-A'));
  const twice: Finding[] = legacy
    ? [
        {
          check: 'A-dup',
          level: 'advice',
          message: 'rules stand in the legacy tables and in nftables: both are in force, so keep them in one place',
        },
      ]
    : [];
  return [...audit({ ...subject, ...(ipv4 !== undefined && { ipv4 }) }), ...twice];
}

/**
 * What anyone outside can reach through the tunnel right now; empty when nothing, undefined when the rules cannot be
 * read. Asked again and again it also finds the minutes after a start in which the link is up before its rules.
 */
export async function exposure(tunnel: Tunnel, run: Run): Promise<string | undefined> {
  const findings = await auditTunnel(tunnel, run);
  const policy = findings.filter(({ check }) => check === 'A-policy' || check === 'A-any');
  if (policy.length === 0 || policy.some(({ level }) => level === 'not checked')) return undefined;
  return policy
    .filter(({ level }) => level === 'fail')
    .map(({ message }) => message)
    .join('; ');
}

/**
 * What nft lists holds also the rules of today's ip6tables; a kernel of before, and a router, know ip6tables alone. One
 * that knows nothing of the other's rules would call an open house closed, or a closed one open.
 */
async function rulesInForce(read: (...argv: string[]) => Promise<string | undefined>): Promise<string | undefined> {
  const nft = await read('nft', 'list', 'ruleset');
  if (nft !== undefined && parseRules(nft).input.length > 0) return nft;
  return (await read('ip6tables', '-S')) ?? nft;
}

/** What rules for this tunnel are made of. */
export async function policyFor(tunnel: Tunnel, run: Run): Promise<Policy> {
  return {
    tunnel: tunnel.link,
    lan: tunnel.lan ?? 'br0',
    ...(tunnel.prefix !== undefined && { prefix: tunnel.prefix }),
    pointToPoint: await isPointToPoint(tunnel, run),
  };
}

/** Links without neighbour discovery: sit and tun, WireGuard too. */
async function isPointToPoint(tunnel: Tunnel, run: Run): Promise<boolean> {
  const shown = outputOf(await run(['ip', 'link', 'show', 'dev', tunnel.link], { timeoutMs: READ_TIMEOUT_MS }));
  return parseLink(shown ?? '')?.flags.includes('NOARP') ?? tunnel.kind === 'sit';
}

const outputOf = ({ code, stdout }: Ended): string | undefined => (code === 0 ? stdout : undefined);
