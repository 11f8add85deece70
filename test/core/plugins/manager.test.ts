import { expect, test } from 'vitest';
import { waitFor } from '../../support/hub.ts';
import { startPlugins } from './bed.ts';

const THERMOMETER = `
import type { Hub } from 'cupboard/sdk';
export default async function start(hub: Hub<{ offset: number }>) {
  const room = hub.device('room', { name: 'Room', sensors: { temperature: { unit: '°C', period: 60 } } });
  await room.report({ temperature: 20 + hub.config.offset });
  hub.command('double', ({ value }: { value: number }, from) => ({ ok: true, value: value * 2, by: from.user }));
}
`;
const MANIFEST = {
  config: { type: 'object', properties: { offset: { type: 'number', default: 1.5 } } },
  commands: {
    double: {
      description: 'doubles',
      args: { type: 'object', required: ['value'], properties: { value: { type: 'number' } } },
    },
  },
};

test('a TypeScript folder dropped into the data directory runs, reports and takes commands', async () => {
  const bed = await startPlugins();
  await bed.drop('room', { 'index.ts': THERMOMETER }, MANIFEST);
  await bed.reaches('room', 'running');
  expect(bed.retained('room/status')).toBe('online');
  expect(JSON.parse(bed.retained('room/room') ?? '')).toMatchObject({ temperature: 21.5, updated: ['temperature'] });
  expect(bed.retained('room/room/temperature')).toBe('21.5');
  const description = await waitFor('the description', () => bed.retained('hub/devices/room/room'));
  expect(JSON.parse(description)).toEqual({ name: 'Room', sensors: { temperature: { unit: '°C', period: 60 } } });
  expect(JSON.parse(bed.retained('hub/plugins/room') ?? '')).toMatchObject({
    state: 'running',
    version: '1.0.0',
    restarts: 0,
  });

  const from = { user: 'ann', admin: true };
  expect(await bed.manager.command('room', 'double', { value: 21 }, from)).toEqual({
    kind: 'answer',
    answer: { ok: true, value: 42, by: 'ann' },
  });
  expect(await bed.manager.command('room', 'double', { value: 'x' }, from)).toMatchObject({
    kind: 'bad_arguments',
    problems: [{ path: 'value', message: 'expected a number, got "x"' }],
  });
  expect(await bed.manager.command('room', 'duble', {}, from)).toMatchObject({
    kind: 'unknown',
    message: 'room has no command "duble"; did you mean "double"?',
  });
});
