import { expect, test } from 'vitest';
import { panelPath, placeOf, pluginPath, returnPath } from '../../../web/shell/routes.ts';

test('finds the page of a path, with or without a slash at its end', () => {
  expect(placeOf('/')).toEqual({ route: 'overview', id: undefined });
  expect(placeOf('/topics/')).toEqual({ route: 'topics', id: undefined });
  expect(placeOf(pluginPath('acurite-2'))).toEqual({ route: 'plugin', id: 'acurite-2' });
  expect(placeOf(panelPath('a b'))).toEqual({ route: 'panel', id: 'a b' });
});

test.each(['/nothing', '/plugin', '/plugin/a/b', '/plugins/acurite'])('%s is no page of the shell', (path) => {
  expect(placeOf(path)).toBeUndefined();
});

test('a login leads back to where one was, never to another site', () => {
  expect(returnPath('?next=%2Fhistory%3Frange%3D7d')).toBe('/history?range=7d');
  expect(returnPath('')).toBe('/');
  expect(returnPath('?next=https%3A%2F%2Fevil.example')).toBe('/');
  expect(returnPath('?next=%2F%2Fevil.example')).toBe('/');
  expect(returnPath('?next=%2F%5Cevil.example')).toBe('/');
});
