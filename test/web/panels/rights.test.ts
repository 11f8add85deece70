import { expect, test } from 'vitest';
import { filterCovers, isPublishAllowed, isSubscribeAllowed, panelRights } from '../../../web/panels/rights.ts';

test.each([
  ['a/#', 'a/b', true],
  ['a/#', 'a', true],
  ['a/#', '#', false],
  ['a/#', '+/b', false],
  ['a/+', 'a/+', true],
  ['a/+', 'a/b', true],
  ['a/+', 'a/#', false],
  ['a/+', 'a/b/c', false],
  ['a/b', 'a/+', false],
  ['#', 'a/#', true],
])('%s covers %s: %s', (outer, inner, covers) => {
  expect(filterCovers(outer, inner)).toBe(covers);
});

test('a panel from elsewhere may do what its plugin may, whoever looks at it', () => {
  const rights = panelRights('garden', { publishes: ['notify/command/send'], subscribes: ['weather/current'] });
  expect(isSubscribeAllowed(rights, 'garden/#')).toBe(true);
  expect(isSubscribeAllowed(rights, 'weather/current')).toBe(true);
  expect(isSubscribeAllowed(rights, 'hub/devices/#')).toBe(true);
  expect(isSubscribeAllowed(rights, 'hub/log/#')).toBe(false);
  expect(isSubscribeAllowed(rights, '#')).toBe(false);
  expect(isPublishAllowed(rights, 'garden/command/water')).toBe(true);
  expect(isPublishAllowed(rights, 'notify/command/send')).toBe(true);
  expect(isPublishAllowed(rights, 'modem-console/command/reboot')).toBe(false);
  expect(isPublishAllowed(rights, 'garden/#')).toBe(false);
});
