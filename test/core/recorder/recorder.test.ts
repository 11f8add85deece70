import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { HubMessage } from '../../../core/broker/contract.ts';
import { createRecorder } from '../../../core/recorder/recorder.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { keepingLog, settings } from './support.ts';

async function startRecorder() {
  const file = join(await temporaryFolder(), 'recorder.db');
  const { log, entries } = keepingLog();
  let handler: (message: HubMessage) => void = () => undefined;
  const current = settings();
  const recorder = createRecorder({
    file,
    config: () => current.recorder,
    timezone: () => current.timezone,
    broker: {
      retained: () => [],
      subscribe: async (_filter, listener) => {
        handler = listener;
        return () => undefined;
      },
    },
    log,
  });
  await recorder.start();
  onTestFinished(() => recorder.stop());
  const publish = (topic: string, payload: string) =>
    handler({ topic, payload: Buffer.from(payload), qos: 0, retain: false, retained: false });
  return { recorder, publish, entries };
}

test('keeps what is published and answers its history', async () => {
  const { recorder, publish, entries } = await startRecorder();
  publish('garden/soil', '21.5');
  publish('garden/pump', '{"power":{"watts":12},"mode":"eco","on":true}');
  await recorder.flush();
  const names = (await recorder.series()).map(({ series }) => series);
  expect(names).toEqual(['garden/soil', 'garden/pump/power/watts', 'garden/pump/mode', 'garden/pump/on']);
  const { resolution, points } = await recorder.history({ series: 'garden/soil', from: 0, to: Date.now() });
  expect(resolution).toBe('raw');
  expect(points.map(([, ...values]) => values)).toEqual([[21.5, 21.5, 21.5]]);
  expect(recorder.stats()).toMatchObject({ series: 4, written: 4, waiting: 0 });
  expect(entries).toEqual([]);
});
