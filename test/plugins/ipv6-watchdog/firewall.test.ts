import { describe, expect, test } from 'vitest';
import { audit, type Finding, parseRules } from '../../../plugins/ipv6-watchdog/firewall/audit.ts';
import {
  renderDdwrt,
  renderIp6tables,
  renderNft,
  renderRadvd,
} from '../../../plugins/ipv6-watchdog/firewall/render.ts';

const POLICY = { tunnel: 'sixxs', lan: 'br0', prefix: '2001:db8:1::/64', pointToPoint: true };
const levels = (text: string, more: { pointToPoint?: boolean; ipv4?: string; endpoint?: string } = {}) => {
  const findings = audit({ rules: parseRules(text), tunnel: 'sixxs', lan: 'br0', pointToPoint: true, text, ...more });
  return Object.fromEntries(findings.map((each) => [each.check + (each.message.match(/\((\w+)\)/)?.[1] ?? ''), each]));
};
const level = (findings: Record<string, Finding>, check: string) => findings[check]?.level;

/** The policy of a router script of 2016, as `ip6tables -S` prints it. */
const ESSAY = [
  '-P INPUT DROP',
  '-P FORWARD DROP',
  '-P OUTPUT ACCEPT',
  '-A INPUT -i lo -j ACCEPT',
  '-A INPUT -i br0 -j ACCEPT',
  '-A INPUT -i sixxs -m state --state RELATED,ESTABLISHED -j ACCEPT',
  '-A INPUT -s fe80::/10 -p ipv6-icmp -m icmp6 --icmpv6-type 129 -j ACCEPT',
  ...[1, 2, 3, 4, 128, 129].map((type) => `-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`),
  '-A FORWARD -i br0 -j ACCEPT',
  ...[1, 2, 3, 4, 128, 129].map((type) => `-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`),
  '-A FORWARD -i sixxs -m state --state RELATED,ESTABLISHED -j ACCEPT',
].join('\n');

describe('the audit', () => {
  test('finds the policy of the script sound on a link without neighbour discovery', () => {
    const findings = levels(ESSAY);
    expect(Object.values(findings).filter((each) => each.level === 'fail')).toEqual([]);
    expect(level(findings, 'A-spoof')).toBe('advice');
    expect(level(findings, 'A-v4')).toBe('not checked');
  });

  test('and not on one that needs it', () => {
    const rules = parseRules(ESSAY);
    const found = audit({ rules, tunnel: 'sixxs', lan: 'br0', pointToPoint: false }).filter(
      ({ check }) => check === 'A-nd',
    );
    expect(found).toMatchObject([
      { level: 'fail', message: expect.stringMatching(/sixxs .*134, 135, 136/) },
      { level: 'pass', message: expect.stringContaining('br0') },
    ]);
  });

  test('an open policy lets anyone in', () => {
    const findings = audit({ rules: parseRules(''), tunnel: 'sixxs', lan: 'br0', pointToPoint: true });
    expect(findings.filter(({ check, level: how }) => check === 'A-policy' && how === 'fail')).toHaveLength(2);
  });

  test.each([
    ['-A FORWARD -i sixxs -j ACCEPT', 'A-any', 'fail', /house/],
    ['-A FORWARD -p tcp -m tcp --dport 22 -j ACCEPT', 'A-any', 'advice', /port 22/],
    ['-A INPUT -i sixxs -m set --match-set friends src -j ACCEPT', 'A-policy', 'not checked', /this machine/],
  ])('%s is seen', (rule, check, how, message) => {
    const findings = audit({ rules: parseRules(`${ESSAY}\n${rule}`), tunnel: 'sixxs', lan: 'br0', pointToPoint: true });
    expect(findings).toContainEqual(
      expect.objectContaining({ check, level: how, message: expect.stringMatching(message), because: rule }),
    );
  });

  test('a rule not understood changes nothing where what follows decides the same', () => {
    const odd = ESSAY.replace(
      '-A INPUT -i lo -j ACCEPT',
      '-A INPUT -m hashlimit --hashlimit-name x -j DROP\n-A INPUT -i lo -j ACCEPT',
    );
    const findings = audit({ rules: parseRules(odd), tunnel: 'sixxs', lan: 'br0', pointToPoint: true });
    expect(findings[0]).toMatchObject({ check: 'A-policy', level: 'pass' });
    expect(findings.find(({ check }) => check === 'A-ptb')).toMatchObject({ level: 'not checked' });
  });

  test('packets that are too big must pass both ways', () => {
    const without = ESSAY.replace(/.*--icmpv6-type 2 .*\n/g, '').replaceAll('RELATED,', '');
    expect(level(levels(without), 'A-ptbinput')).toBe('fail');
    expect(level(levels(without), 'A-ptbforward')).toBe('fail');
    expect(level(levels(ESSAY.replace(/.*--icmpv6-type 2 .*\n/g, '')), 'A-ptbinput')).toBe('pass');
  });

  test('follows chains of the user, and tells when they lead in a circle', () => {
    const chained = ESSAY.replace(
      '-A INPUT -i lo -j ACCEPT',
      '-A INPUT -j wan\n-A wan -i br0 -j RETURN\n-A wan -p tcp -j DROP\n-A INPUT -i lo -j ACCEPT',
    );
    expect(audit({ rules: parseRules(chained), tunnel: 'sixxs', lan: 'br0', pointToPoint: true })[0]).toMatchObject({
      because: '-A wan -p tcp -j DROP',
    });
    const circle = '-P INPUT DROP\n-P FORWARD DROP\n-A INPUT -j a\n-A a -j b\n-A b -j a';
    expect(audit({ rules: parseRules(circle), tunnel: 'sixxs', lan: 'br0', pointToPoint: true })[0]).toMatchObject({
      level: 'not checked',
    });
  });

  test('a script that starts the tunnel before the rules leaves the house open meanwhile', () => {
    const commands = ESSAY.split('\n').map((line) => `ip6tables ${line.replace('-i sixxs', '-i $WAN_IF')}`);
    const early = ['WAN_IF=sixxs', 'aiccu start /jffs/etc/aiccu.conf', 'sleep 5', ...commands].join('\n');
    const findings = audit({ rules: parseRules(early), tunnel: 'sixxs', lan: 'br0', pointToPoint: true, text: early });
    const order = findings.filter(({ check }) => check === 'A-order');
    expect(order).toMatchObject([{ level: 'fail', because: 'aiccu start /jffs/etc/aiccu.conf' }, { level: 'advice' }]);
    expect(findings.filter(({ check, level: how }) => check !== 'A-order' && how === 'fail')).toEqual([]);
  });

  test.each([
    ['-P INPUT ACCEPT', 'advice'],
    ['-P INPUT DROP', 'fail'],
    ['-P INPUT DROP\n-A INPUT -p ipv6 -j ACCEPT', 'advice'],
    ['-P INPUT DROP\n-A INPUT -s 192.0.2.1/32 -p ipv6 -j ACCEPT', 'pass'],
  ])('IPv4 rules %j for the packets that carry the tunnel: %s', (ipv4, how) => {
    expect(level(levels(ESSAY, { ipv4, endpoint: '192.0.2.1' }), 'A-v4')).toBe(how);
  });

  test('reads nftables, with sets, counters, jumps and tables of other families', () => {
    const nft = `table ip nat {
	chain input {
		type filter hook input priority filter; policy accept;
	}
}
table inet filter {
	set friends {
		type ipv6_addr
		elements = { 2001:db8::1 }
	}
	chain input {
		type filter hook input priority filter; policy drop;
		iifname { "lo", "br0" } accept
		ct state { established, related } counter packets 5 bytes 500 accept
		meta l4proto ipv6-icmp jump icmp
	}
	chain icmp {
		icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } accept
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}`;
    const findings = levels(nft);
    expect(level(findings, 'A-stateinput')).toBe('pass');
    expect(level(findings, 'A-echoinput')).toBe('pass');
    expect(level(findings, 'A-ndinput')).toBe('pass');
    expect(findings['A-policy']).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('the house'),
      because: 'policy ACCEPT',
    });
  });
});

describe('the rules made here', () => {
  test.each([
    ['ip6tables-restore', renderIp6tables],
    ['nft', renderNft],
  ])('pass their own audit: %s', (_, render) => {
    for (const pointToPoint of [true, false]) {
      const text = render({ ...POLICY, pointToPoint });
      const findings = audit({ rules: parseRules(text), tunnel: 'sixxs', lan: 'br0', pointToPoint });
      expect(findings.filter(({ level: how, check }) => how !== 'pass' && check !== 'A-v4')).toEqual([]);
    }
  });

  test('a dd-wrt script loads them before the tunnel', () => {
    const script = renderDdwrt(POLICY, { lan: 'br0', prefix: POLICY.prefix }, '2001:db8:1::1/64');
    const order = audit({
      rules: parseRules(script),
      tunnel: 'sixxs',
      lan: 'br0',
      pointToPoint: true,
      text: script,
    }).filter(({ check }) => check === 'A-order');
    expect(order).toMatchObject([{ level: 'pass' }]);
  });

  test('radvd.conf refuses what radvd would', () => {
    const house = { lan: 'br0', prefix: '2001:db8:1::/64', dns: ['2001:4860:4860::8888'], mtu: 1480, lifetime: 0 };
    expect(renderRadvd(house)).toContain('AdvDefaultLifetime 0;');
    expect(() => renderRadvd({ ...house, dns: ['::1', '::2', '::3', '::4'] })).toThrow(
      'expected up to three name servers, got 4',
    );
    expect(() => renderRadvd({ ...house, mtu: 1200 })).toThrow('expected an MTU of 1280 or more, got 1200');
  });
});
