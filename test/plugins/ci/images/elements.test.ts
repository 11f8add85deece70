import { describe, expect, test } from 'vitest';
import { planPackages } from '../../../../plugins/ci/images/elements/package-installs.ts';
import { BreakPoints } from '../../../../plugins/ci/images/elements/phases.ts';
import { mapPackage } from '../../../../plugins/ci/images/elements/pkg-map.ts';
import { type Element, resolveElements } from '../../../../plugins/ci/images/elements/resolve.ts';

const element = (name: string, deps: string[] = [], provides: string[] = []): Element => ({
  name,
  folder: `/elements/${name}`,
  deps,
  provides,
});
const finder = (...elements: Element[]) => {
  const known = new Map(elements.map((each) => [each.name, each]));
  return async (name: string) => known.get(name);
};
const debian = element('debian-minimal', ['mirror'], ['operating-system']);

describe('resolveElements', () => {
  test('takes what the elements depend on, each once', async () => {
    const find = finder(debian, element('mirror'), element('vm', ['boot', 'mirror']), element('boot', ['vm']));
    const names = (await resolveElements(['debian-minimal', 'vm'], find)).map(({ name }) => name);
    expect(names).toEqual(['debian-minimal', 'vm', 'mirror', 'boot']);
  });

  test('lets a dependency be provided by another element', async () => {
    const find = finder(debian, element('mirror'), element('job', ['operating-system']));
    await expect(resolveElements(['job', 'debian-minimal'], find)).resolves.toHaveLength(3);
  });

  test('names every element that is not there, and who wanted it', async () => {
    const find = finder(debian);
    await expect(resolveElements(['debian-minimal', 'vn'], find)).rejects.toMatchObject({
      code: 'element_unknown',
      message: 'no such element: vn (wanted by the image), mirror (wanted by debian-minimal)',
    });
  });

  test('wants exactly one root file system', async () => {
    const fedora = element('fedora-minimal', [], ['operating-system']);
    const find = finder(debian, element('mirror'), fedora, element('vm'));
    await expect(resolveElements(['vm'], find)).rejects.toMatchObject({ code: 'element_conflict' });
    await expect(resolveElements(['debian-minimal', 'fedora-minimal'], find)).rejects.toThrow(
      'debian-minimal and fedora-minimal both provide operating-system',
    );
  });
});

describe('mapPackage', () => {
  const map = {
    release: { debian: { bookworm: { tls: 'libssl3' } } },
    distro: { debian: { tls: 'libssl', editor: 'vim-tiny' } },
    family: { debian: { editor: 'nano' }, redhat: { tls: 'openssl-libs' } },
    default: { tls: 'openssl', nothing: '' },
  };
  const bookworm = { name: 'debian', release: 'bookworm' };
  test.each([
    ['tls', bookworm, ['libssl3']],
    ['tls', { name: 'debian', release: 'trixie' }, ['libssl']],
    ['editor', { name: 'ubuntu', release: 'noble' }, ['nano']],
    ['tls', { name: 'fedora', release: '41' }, ['openssl-libs']],
    ['tls', { name: 'alpine', release: '3.20' }, ['openssl']],
    ['nothing', bookworm, []],
    ['git', bookworm, ['git']],
  ])('%s on %j is %j', (name, distribution, packages) => {
    expect(mapPackage(map, name, distribution)).toEqual(packages);
  });
});

describe('planPackages', () => {
  const distribution = { name: 'debian', release: 'bookworm' };
  const plan = (installs: string, environment: Record<string, string> = {}, map?: object) => {
    const files = { element: 'node-tools', installs, ...(map && { map: JSON.stringify(map) }) };
    const { install, uninstall } = planPackages([files], distribution, { ARCH: 'amd64', ...environment });
    return { install: Object.fromEntries(install), uninstall: Object.fromEntries(uninstall) };
  };

  test('installs in install.d unless told', () => {
    expect(plan('git:\ncurl:\n  phase: pre-install.d\n')).toEqual({
      install: { 'install.d': ['git'], 'pre-install.d': ['curl'] },
      uninstall: {},
    });
  });

  test('removes at the end what is only for the build', () => {
    expect(plan('gcc:\n  build-only: True\nnano:\n  uninstall: true\n')).toEqual({
      install: { 'install.d': ['gcc'] },
      uninstall: { 'post-install.d': ['gcc', 'nano'] },
    });
  });

  test('takes a list of settings one by one, and maps names', () => {
    const text = 'lib:\n  - arch: arm64\n  - not-arch: arm64\n    phase: post-install.d\n';
    expect(plan(text, {}, { default: { lib: 'libone libtwo' } }).install).toEqual({
      'post-install.d': ['libone', 'libtwo'],
    });
  });

  test('knows both spellings of the install type; the default is source', () => {
    const text = 'made:\n  installtype: source\nready:\n  installtype: package\n';
    expect(plan(text).install).toEqual({ 'install.d': ['made'] });
    expect(plan(text, { DIB_INSTALLTYPE_node_tools: 'package' }).install).toEqual({ 'install.d': ['ready'] });
    expect(plan(text, { DIB_INSTALL_TYPE_node_tools: 'package' }).install).toEqual({ 'install.d': ['ready'] });
  });

  test('wants every condition to hold', () => {
    const text = 'a:\n  when: X = 1\nb:\n  when: X != 1\nc:\n  when:\n    - X = 1\n    - Y = 2\n';
    expect(plan(text, { X: '1', Y: '3' }).install).toEqual({ 'install.d': ['a'] });
  });

  test.each([
    ['a:\n  when: NOWHERE = 1\n', 'node-tools: package-installs.yaml: a: when: NOWHERE is not set'],
    ['a:\n  when: ARCH is amd64\n', 'expected "VAR = x" or "VAR != x"'],
    ['a:\n  arch: amd64\n  not-arch: arm64\n', 'has both arch and not-arch'],
    ['a:\n  phase: root.d\n', 'phase root.d installs no packages'],
    ['a:\n  fase: install.d\n', 'unknown key fase'],
  ])('refuses %j', (text, message) => {
    expect(() => plan(text)).toThrow(message);
  });
});

describe('break=', () => {
  test('takes points with and without .d', () => {
    const points = new BreakPoints('after-error,before-install.d');
    expect([points.has('after-error'), points.has('before-install'), points.has('after-install')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('refuses a point that would never be reached', () => {
    expect(() => new BreakPoints('before-instal')).toThrow('break=before-instal');
  });
});
