import { expect, test } from 'vitest';
import type { Manifest } from '../../../core/plugins/contract.ts';
import { type Candidate, decide } from '../../../core/plugins/decide.ts';

const manifest = (more: Partial<Manifest> = {}): Manifest => ({
  id: 'lamp',
  name: 'Lamp',
  version: '1.0.0',
  description: 'A lamp',
  license: 'MIT',
  hub: '1',
  main: 'index.ts',
  publishes: [],
  subscribes: [],
  commands: {},
  devices: {},
  programs: {},
  needs: { groups: [], capabilities: [], privileged: [], unprotected: [], delegate: false, udev: [], polkit: [] },
  memoryMb: 256,
  aptPackages: [],
  ...more,
});

const candidate = (more: Partial<Manifest> = {}, rest: Partial<Candidate> = {}, firstParty = false): Candidate => ({
  id: 'lamp',
  source: { folder: '/x', firstParty, manifest: manifest(more), problems: [], fingerprint: '' },
  written: undefined,
  choice: undefined,
  demo: undefined,
  known: ['lamp', 'acurite'],
  ...rest,
});

const NEEDY = { config: { type: 'object', required: ['host'], properties: { host: { type: 'string' } } } };
const SOURCE = {
  config: {
    type: 'object',
    properties: { source: { type: 'string', format: 'topic-filter', default: 'acurite/outdoor' } },
  },
};

test('a folder that asks for nothing starts', () => {
  expect(decide(candidate())).toMatchObject({ run: true, config: {} });
  expect(decide(candidate({ subscribes: ['hub/status', 'lamp/x/#'] }))).toMatchObject({ run: true });
});

test('a plugin that ships with the hub starts when it is configured, enabled or in the demo', () => {
  expect(decide(candidate({}, {}, true))).toMatchObject({
    state: 'unconfigured',
    advice: 'give it settings, or: cupboard plugins enable lamp',
  });
  expect(decide(candidate({}, { written: {} }, true)).run).toBe(true);
  expect(decide(candidate({}, { choice: { enabled: true } }, true)).run).toBe(true);
  expect(decide(candidate({}, { demo: {} }, true)).run).toBe(true);
});

test('a folder that asks for more waits for consent, and asks again when it wants more', () => {
  const asking = { publishes: ['homeassistant/#'], subscribes: ['acurite/+'] };
  expect(decide(candidate(asking))).toMatchObject({
    state: 'disabled',
    reason: 'asks for publish homeassistant/#; subscribe acurite/+: cupboard plugins enable lamp',
    asked: asking,
  });
  const choice = { enabled: true, consented: asking };
  expect(decide(candidate(asking, { choice })).run).toBe(true);
  expect(decide(candidate({ ...asking, subscribes: ['acurite/+', '#'] }, { choice }))).toMatchObject({
    state: 'disabled',
    reason: 'asks for subscribe #: cupboard plugins enable lamp',
  });
});

test('a topic in the settings is granted because the user wrote it; a default of the plugin is asked for', () => {
  expect(decide(candidate(SOURCE))).toMatchObject({ state: 'disabled', asked: { subscribes: ['acurite/outdoor'] } });
  expect(decide(candidate(SOURCE, { written: { source: 'roof/+' } }))).toMatchObject({
    run: true,
    permissions: { publishes: [], subscribes: ['roof/+'] },
  });
});

test('no setting opens the tree of the hub for writing', () => {
  const config = {
    type: 'object',
    properties: { to: { type: 'string', format: 'topic-filter', 'x-access': 'publish' } },
  };
  expect(decide(candidate({ config }, { written: { to: 'hub/plugins/x' } })).permissions.publishes).toEqual([]);
  expect(decide(candidate({ config }, { written: { to: 'lights/#' } })).permissions.publishes).toEqual(['lights/#']);
});

test('missing settings are asked for, wrong ones are named', () => {
  expect(decide(candidate(NEEDY))).toMatchObject({
    state: 'unconfigured',
    reason: expect.stringContaining('plugins.lamp.host'),
  });
  expect(decide(candidate(NEEDY, { written: { hots: 'a' } }))).toMatchObject({
    state: 'invalid',
    reason: expect.stringMatching(/plugins\.lamp\.hots: unknown key; did you mean "host"\?/),
  });
  expect(decide(candidate({}, { written: { brightness: 3 } }))).toMatchObject({ state: 'invalid' });
});

test("keys of the plugin's part that are for the hub are not the plugin's", () => {
  expect(decide(candidate({}, { id: 'lamp-2', written: { use: 'lamp', log_level: 'debug' } }))).toMatchObject({
    run: true,
    config: {},
  });
});

test('the user has the last word', () => {
  expect(decide(candidate({}, { choice: { enabled: false }, written: {} }))).toMatchObject({
    state: 'disabled',
    reason: 'disabled by the user',
  });
});

test('another API is incompatible, a broken manifest invalid, an unknown name neither', () => {
  expect(decide(candidate({ hub: '2' }))).toMatchObject({
    state: 'incompatible',
    reason: "made for version 2 of the hub's API, this hub has 1",
  });
  const broken = {
    folder: '/x',
    firstParty: false,
    problems: [{ path: 'id', message: 'expected text' }],
    fingerprint: '',
  };
  expect(decide(candidate({}, { source: broken }))).toMatchObject({ state: 'invalid', reason: 'id: expected text' });
  expect(decide(candidate({}, { id: 'acurit', source: undefined, written: {} }))).toMatchObject({
    state: 'invalid',
    reason: 'there is no plugin "acurit"; did you mean "acurite"?',
  });
});
