import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/hub.ts';
import { startPlugins, writePlugin } from './bed.ts';

const JS = { main: 'index.js' };
const GOOD = { 'index.js': 'export default () => {};' };
const timings = { probationMs: 1500 };

/** The good first version, installed and running, and how to install another. */
async function installed() {
  const bed = await startPlugins({ timings });
  const install = async (version: string, files: Record<string, string>, manifest: object = {}) => {
    const source = await writePlugin(await temporaryFolder(), 'lamp', files, { ...JS, version, ...manifest });
    return bed.manager.install(source);
  };
  await install('1.0.0', GOOD);
  await bed.reaches('lamp', 'running');
  return { bed, install };
}

const versionOf = ({ bed }: Awaited<ReturnType<typeof installed>>) =>
  bed.manager.list().find(({ id }) => id === 'lamp')?.version;

const FAULTS = {
  'throws at import': { 'index.js': 'throw new Error("no good")' },
  'ends a moment after it was up': {
    'index.js': 'export default () => { setTimeout(() => process.exit(3), 300); };',
  },
  'never gets up': { 'index.js': 'export default () => new Promise(() => setInterval(() => {}, 1000));' },
};

for (const [fault, files] of Object.entries(FAULTS)) {
  test(`an upgrade that ${fault} is taken back`, async () => {
    const world = await installed();
    expect(await world.install('2.0.0', files)).toMatchObject({ id: 'lamp', rolledBack: expect.any(String) });
    expect(versionOf(world)).toBe('1.0.0');
    await world.bed.reaches('lamp', 'running');
    expect(world.bed.events.map(({ name }) => name)).toContain('plugin_rolled_back');
  });
}

test('an upgrade that stays up stays, and can be taken back by hand, twice', async () => {
  const world = await installed();
  expect(await world.install('2.0.0', GOOD)).not.toHaveProperty('rolledBack');
  expect(versionOf(world)).toBe('2.0.0');
  expect(await world.bed.manager.rollBack('lamp')).toMatchObject({ version: '1.0.0' });
  expect(await world.bed.manager.rollBack('lamp')).toMatchObject({ version: '2.0.0' });
  await world.bed.reaches('lamp', 'running');
});

test('an upgrade that asks for more waits for consent instead of being taken back', async () => {
  const world = await installed();
  expect(await world.install('2.0.0', GOOD, { subscribes: ['acurite/#'] })).not.toHaveProperty('rolledBack');
  await world.bed.reaches('lamp', 'disabled');
  expect(versionOf(world)).toBe('2.0.0');
  const other = await startPlugins();
  await expect(other.manager.rollBack('lamp')).rejects.toMatchObject({ code: 'plugin_unknown' });
});
