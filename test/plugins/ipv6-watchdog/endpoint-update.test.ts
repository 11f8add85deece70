import { describe, expect, test } from 'vitest';
import { parseAiccuConf } from '../../../plugins/ipv6-watchdog/aiccu-conf.ts';
import { firstAddress } from '../../../plugins/ipv6-watchdog/config.ts';
import { isPrivate, readAnswer, updateUrl } from '../../../plugins/ipv6-watchdog/endpoint-update.ts';

describe('the answer of the tunnel broker', () => {
  test.each([
    [200, 'good 203.0.113.9', 'changed'],
    [200, 'nochg 203.0.113.9\n', 'unchanged'],
    [200, '-ERROR: This tunnel is already associated with this IP address.', 'unchanged'],
    [200, 'good 127.0.0.1', 'refused'],
    [200, 'badauth', 'refused'],
    [401, 'badauth', 'refused'],
    [401, '', 'refused'],
    [200, 'nohost', 'refused'],
    [200, '!yours', 'refused'],
    [200, 'abuse', 'refused'],
    [200, 'somethingnew', 'refused'],
    [200, 'dnserr', 'later'],
    [200, '911', 'later'],
    [200, '', 'later'],
    [200, '<html>captive portal</html>', 'later'],
    [503, 'good 203.0.113.9', 'later'],
  ])('%i %s is %s', (status, body, result) => {
    expect(readAnswer(status, body).result).toBe(result);
  });

  test('waits half an hour after a fault of the service', () => expect(readAnswer(200, '911').retryAfter).toBe(1800));

  test('the address goes into the query only when the world can use it, the key never', () => {
    const url = (address?: string) => updateUrl('https://broker.example/nic/update', '4711', address).href;
    expect(url('203.0.113.9')).toBe('https://broker.example/nic/update?hostname=4711&myip=203.0.113.9');
    expect(url('100.64.3.4')).toBe('https://broker.example/nic/update?hostname=4711');
    expect(url()).toBe('https://broker.example/nic/update?hostname=4711');
    for (const address of ['10.1.1.1', '172.16.0.1', '172.31.9.9', '192.168.1.1', '100.127.0.1'])
      expect(isPrivate(address)).toBe(true);
    for (const address of ['172.32.0.1', '100.128.0.1', '192.0.2.1', '11.0.0.1'])
      expect(isPrivate(address)).toBe(false);
  });
});

test('aiccu.conf gives its link and tunnel, and keeps its password to itself', () => {
  const text =
    '# AICCU\nusername ANN-SIXXS\npassword secret\nprotocol tic\nipv6_interface sixxs\ntunnel_id T1234\n\ndefaultroute true\nbehindnat yes\nnewkey 1\n';
  const settings = parseAiccuConf(text);
  expect(settings).toEqual({
    interface: 'sixxs',
    tunnelId: 'T1234',
    defaultRoute: true,
    behindNat: true,
    unknown: ['line 10: newkey'],
  });
  expect(JSON.stringify(settings)).not.toContain('secret');
  expect(parseAiccuConf('').interface).toBe('aiccu');
});

test.each([
  ['2001:db8:1::/64', '2001:db8:1::1/64'],
  ['2001:db8:1:2:0::/64', '2001:db8:1:2:0::1/64'],
])('the first address of %s is %s', (prefix, address) => expect(firstAddress(prefix)).toBe(address));
