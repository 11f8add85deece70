import { expect, test } from 'vitest';
import { sourcesFor } from '../../../../plugins/ci/images/apt-sources.ts';

const DEB822 = `Types: deb
# a comment between the fields
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.test/security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://mirror.test/off
Suites: bookworm
Components: main
`;

test('takes the entries of a release with their keys, not those of others', () => {
  const other = 'Types: deb\nURIs: http://vendor.test/\nSuites: nodistro\nComponents: main\n';
  const sources = sourcesFor('bookworm', { 'debian.sources': DEB822, 'vendor.sources': other }, 'bookworm');
  expect(sources).toBe(`Types: deb
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.test/security
Suites: bookworm-security
Components: main
`);
});

test('rewrites the own release to another one of the distribution', () => {
  const sources = sourcesFor('trixie', { 'debian.sources': DEB822 }, 'bookworm');
  expect(sources).toContain('Suites: trixie trixie-updates\n');
  expect(sources).toContain('Suites: trixie-security\n');
  expect(sources).not.toContain('bookworm');
});

test('reads the one-line format with its options', () => {
  const text = `deb [arch=amd64,arm64 signed-by=/k.gpg] http://mirror.test/debian bookworm main contrib # near
deb-src http://mirror.test/debian bookworm main
# deb http://mirror.test/off bookworm main
deb http://mirror.test/local /
`;
  expect(sourcesFor('bookworm', { 'sources.list': text }, 'bookworm')).toBe(`Types: deb
URIs: http://mirror.test/debian
Suites: bookworm
Components: main contrib
Architectures: amd64 arm64
Signed-By: /k.gpg
`);
});

test('keeps a key that is written out over several lines', () => {
  const text = 'Types: deb\nURIs: http://m.test/\nSuites: noble\nSigned-By:\n -----BEGIN-----\n .\n abc\n';
  expect(sourcesFor('noble', { 'x.sources': text }, 'noble')).toContain('Signed-By: \n -----BEGIN-----\n .\n abc\n');
});

test('finds nothing where nothing fits', () => {
  expect(sourcesFor('noble', { 'debian.sources': DEB822 }, '')).toBe('');
});
