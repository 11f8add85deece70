import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../core/config/config.ts';
import { MASK, readPluginConfig, writePluginConfig } from '../../../core/http/plugin-config.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { pluginDetails, silentLog } from './parts.ts';

const UPLOAD = pluginDetails('upload', {
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      interval: { type: 'integer', default: 60 },
      services: {
        type: 'array',
        items: {
          type: 'object',
          properties: { type: { enum: ['wunderground', 'cwop'] }, id: { type: 'string' } },
          oneOf: [
            { properties: { type: { const: 'wunderground' }, key: { type: 'string', format: 'password' } } },
            { properties: { type: { const: 'cwop' } } },
          ],
        },
      },
    },
  },
});

const YAML = `plugins:
  upload:
    interval: 30 # seconds
    services:
      - type: wunderground # the one on the roof
        id: KXX1
        key: !secret roof
      - type: wunderground
        id: KXX2
        key: !secret garden
`;

async function start(yaml = YAML) {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, 'cupboard.yaml'), yaml);
  await writeFile(join(dataDir, 'secrets.yaml'), 'roof: roof-secret\ngarden: garden-secret\n', { mode: 0o600 });
  const config = await loadConfig({ dataDir, log: silentLog });
  const read = (name: string) => readFile(join(dataDir, name), 'utf8');
  return { config, read };
}

const service = (id: string, key: string) => ({ type: 'wunderground', id, key });

test('shows secrets as a mask, also those the schema does not call one', async () => {
  const { config } = await start(YAML.replace('id: KXX1', 'id: !secret garden'));
  const { config: shown } = readPluginConfig(config, UPLOAD);
  expect(shown).toEqual({ interval: 30, services: [service(MASK, MASK), service('KXX2', MASK)] });
});

test('a mask sent back keeps the secret, its name and the comments', async () => {
  const { config, read } = await start();
  const services = [service('KXX9', MASK), service('KXX2', MASK)];
  await writePluginConfig(config, UPLOAD, { interval: 30, services });
  expect(await read('cupboard.yaml')).toBe(YAML.replace('KXX1', 'KXX9'));
  expect(config.current.plugins['upload']).toMatchObject({
    services: [{ key: 'roof-secret' }, { key: 'garden-secret' }],
  });
});

test('a secret stays with its item when another one is removed', async () => {
  const { config } = await start();
  await writePluginConfig(config, UPLOAD, { services: [service('KXX2', MASK)] });
  expect(config.current.plugins['upload']).toEqual({ services: [service('KXX2', 'garden-secret')] });
});

test('a mask with nothing behind it is refused', async () => {
  const { config, read } = await start();
  const services = [service('KXX1', MASK), service('KXX2', MASK), service('KXX3', MASK)];
  await expect(writePluginConfig(config, UPLOAD, { services })).rejects.toMatchObject({
    problems: [{ path: 'plugins.upload.services.2.key' }],
  });
  expect(await read('cupboard.yaml')).toBe(YAML);
});

test('a new password goes to secrets.yaml, never to cupboard.yaml', async () => {
  const { config, read } = await start('name: Home\n');
  await writePluginConfig(config, UPLOAD, { services: [service('KXX1', 'brand-new')] });
  expect(await read('cupboard.yaml')).not.toContain('brand-new');
  expect(await read('secrets.yaml')).toContain('brand-new');
  expect(config.current.plugins['upload']).toEqual({ services: [service('KXX1', 'brand-new')] });
});

test('names every field that the plugin would refuse, and writes nothing', async () => {
  const { config, read } = await start();
  const sent = { interval: 'often', servces: [] };
  await expect(writePluginConfig(config, UPLOAD, sent)).rejects.toMatchObject({
    problems: [{ path: 'plugins.upload.servces' }, { path: 'plugins.upload.interval' }],
  });
  expect(await read('cupboard.yaml')).toBe(YAML);
});

test('the keys of the hub itself are not for the plugin to refuse', async () => {
  const { config } = await start();
  await writePluginConfig(config, UPLOAD, { log_level: 'debug' });
  expect(config.current.plugins['upload']).toEqual({ log_level: 'debug' });
});

test('the keys of the hub stay when a form sends the settings of the plugin alone', async () => {
  const { config } = await start('plugins:\n  upload: { use: other, log_level: debug, interval: 30 }\n');
  await writePluginConfig(config, UPLOAD, { interval: 90 });
  expect(config.current.plugins['upload']).toEqual({ use: 'other', log_level: 'debug', interval: 90 });
  await writePluginConfig(config, UPLOAD, { interval: 90, log_level: 'warn' });
  expect(config.current.plugins['upload']).toEqual({ use: 'other', log_level: 'warn', interval: 90 });
});
