import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRecorder } from '../../../core/recorder/recorder.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { startBroker } from '../broker/bed.ts';
import { busRecorder } from './bus.ts';
import { keepingLog, NOON, readRows, settings } from './support.ts';

async function startRecorder(file?: string) {
  const path = file ?? join(await temporaryFolder(), 'recorder.db');
  const { log, entries } = keepingLog();
  const opened = busRecorder(path, log);
  onTestFinished(() => opened.recorder.stop());
  return { ...opened, file: path, lines: () => entries.map(({ message }) => message) };
}

test('keeps what is published and answers its history', async () => {
  const { recorder, bus, lines } = await startRecorder();
  await recorder.start();
  bus.publish('garden/soil', '21.5');
  bus.publish('garden/pump', { power: { watts: 12 }, mode: 'eco', on: true });
  bus.publish('garden/picture', Buffer.alloc(500_000, '1'));
  await recorder.flush();
  const names = (await recorder.series()).map(({ series }) => series);
  expect(names).toEqual(['garden/soil', 'garden/pump/power/watts', 'garden/pump/mode', 'garden/pump/on']);
  const { resolution, points } = await recorder.history({ series: 'garden/soil', from: 0, to: Date.now() });
  expect(resolution).toBe('raw');
  expect(points.map(([, ...values]) => values)).toEqual([[21.5, 21.5, 21.5]]);
  const { texts } = await recorder.history({ series: 'garden/pump/mode', from: 0, to: Date.now() });
  expect(texts?.map(([, text]) => text)).toEqual(['eco']);
  expect(recorder.stats()).toMatchObject({ series: 4, written: 4, waiting: 0 });
  expect(lines()).toEqual([]);
});

test('commits by itself', async () => {
  const { recorder, bus, file } = await startRecorder();
  await recorder.start();
  bus.publish('garden/soil', '21.5');
  await waitFor('the reading on disk', () => readRows(file, 'SELECT * FROM readings').length === 1);
});

test('knows the devices declared before it started', async () => {
  const { recorder, bus } = await startRecorder();
  const payload = (value: object) => Buffer.from(JSON.stringify(value));
  const declared = { name: 'Outdoor', sensors: { temperature: { unit: '°C' } } };
  bus.stored.push({ topic: 'hub/plugins/station', payload: payload({ state: 'running' }), qos: 1, time: 1 });
  bus.stored.push({ topic: 'hub/devices/station/outdoor', payload: payload(declared), qos: 1, time: 1 });
  await recorder.start();
  bus.publish('station/outdoor', { time: 1_780_308_000_000, updated: ['temperature'], temperature: 21.4 });
  bus.publish('station/outdoor/temperature', '21.4');
  bus.publish('station/event/thunder', { time: 1_780_308_000_001, km: 4 });
  await recorder.flush();
  expect(await recorder.series()).toMatchObject([
    { series: 'station/outdoor/temperature', unit: '°C', first: 1_780_308_000_000, count: 1 },
  ]);
  expect(await recorder.events({ filter: '+/event/#' })).toEqual([
    { time: 1_780_308_000_001, topic: 'station/event/thunder', payload: '{"time":1780308000001,"km":4}' },
  ]);
});

test('errors keep their code on the way between the threads', async () => {
  const { recorder } = await startRecorder();
  await recorder.start();
  const asked = recorder.history({ series: 'nobody/knows', from: 0, to: 1 });
  await expect(asked).rejects.toMatchObject({ code: 'series_unknown' });
});

test('new settings apply while it runs', async () => {
  const { recorder, bus, live } = await startRecorder();
  await recorder.start();
  bus.publish('noisy/x', '1');
  await recorder.flush();
  live.recorder = settings({ exclude: ['noisy/#'] }).recorder;
  recorder.reconfigure();
  bus.publish('noisy/x', '2');
  bus.publish('quiet/x', '2');
  await recorder.flush();
  expect((await recorder.series()).map(({ series, count }) => [series, count])).toEqual([
    ['noisy/x', 1],
    ['quiet/x', 1],
  ]);
});

test('what waits at the stop is committed, and nothing is answered afterwards', async () => {
  const { recorder, bus, file } = await startRecorder();
  await recorder.start();
  for (let index = 0; index < 5000; index += 1) bus.publish(`garden/${index % 50}`, String(index));
  await recorder.stop();
  expect(readRows(file, 'SELECT count(*) AS count FROM readings')).toEqual([{ count: 5000 }]);
  await expect(recorder.series()).rejects.toMatchObject({ code: 'recorder_not_running' });
});

test('a database that cannot be opened is a problem shown, and no reading is lost once it can', async () => {
  const folder = join(await temporaryFolder(), 'not-there-yet');
  const { recorder, bus, lines } = await startRecorder(join(folder, 'recorder.db'));
  await recorder.start();
  expect(recorder.stats().problem).toMatch('cannot open');
  expect(lines()[0]).toMatch('cannot open');
  bus.publish('garden/soil', '1');
  mkdirSync(folder);
  await waitFor('the reading', () => recorder.stats().written === 1);
  expect(recorder.stats()).not.toHaveProperty('problem');
});

test('on the broker: live messages once, retained states only where they were missed', async () => {
  const { log } = keepingLog();
  const file = join(await temporaryFolder(), 'recorder.db');
  const { broker, connect } = await startBroker();
  const startRecording = async () => {
    const { recorder: config, timezone } = settings();
    const recorder = createRecorder({ file, config: () => config, timezone: () => timezone, broker, log });
    await recorder.start();
    onTestFinished(() => recorder.stop());
    return recorder;
  };
  const publish = (topic: string, value: object) => broker.publish(topic, JSON.stringify(value), { retain: true });
  const state = (time: number, temperature: number) =>
    publish('station/outdoor', { time, updated: ['temperature'], temperature });
  await publish('hub/plugins/station', { state: 'running' });
  await publish('hub/devices/station/outdoor', { name: 'Outdoor', sensors: { temperature: { unit: '°C' } } });

  const first = await startRecording();
  const client = await connect();
  await client.publishAsync('garden/soil', '40', { qos: 1, retain: true });
  await state(NOON, 20);
  await first.stop();
  await state(NOON + 1, 21);
  await client.publishAsync('garden/soil', '41', { qos: 1, retain: true });
  const second = await startRecording();
  await state(NOON + 2, 22);
  await second.stop();
  const third = await startRecording();
  await third.flush();

  expect(readRows(file, 'SELECT series, value FROM readings ORDER BY series, epoch_ms')).toEqual([
    { series: 'garden/soil', value: 40 },
    ...[20, 21, 22].map((value) => ({ series: 'station/outdoor/temperature', value })),
  ]);
});
