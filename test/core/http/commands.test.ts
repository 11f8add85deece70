import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommandOutcome } from '../../../core/plugins/contract.ts';
import { ask, pluginDetails, startHttp } from './parts.ts';

async function send(commandOutcome?: CommandOutcome, body?: unknown) {
  const world = await startHttp({ plugins: [pluginDetails('acurite')], ...(commandOutcome && { commandOutcome }) });
  const socket = { socketPath: join(world.dataDir, 'hub.sock') };
  const answer = await ask(socket, 'POST', '/api/v1/plugins/acurite/commands/decode', { body });
  return { ...world, socket, answer };
}

test("answers with the command's own object, also when it is not ok", async () => {
  const refused = { ok: false, error: 'not hexadecimal', expected: '20 characters', got: 'zz' };
  const { answer, commands } = await send({ kind: 'answer', answer: refused }, { hex: 'zz' });
  expect(answer).toMatchObject({ status: 200, json: refused });
  expect(commands).toEqual([
    { id: 'acurite', name: 'decode', args: { hex: 'zz' }, from: { user: 'local', admin: true } },
  ]);
});

test('a command without arguments needs no body', async () => {
  const { answer, commands } = await send();
  expect(answer.status).toBe(200);
  expect(commands[0]?.args).toEqual({});
});

test.each([
  ['unknown', 404],
  ['not_running', 409],
  ['forbidden', 403],
  ['timeout', 504],
] as const)('a command that is %s is answered %i', async (kind, status) => {
  const { answer } = await send({ kind, message: 'said so' }, {});
  expect(answer).toMatchObject({ status, json: { detail: 'said so', type: `urn:cupboard:problem:command_${kind}` } });
});

test('bad arguments are named', async () => {
  const problems = [{ path: 'hex', message: 'missing: expected text' }];
  const { answer } = await send({ kind: 'bad_arguments', message: 'hex is missing', problems }, {});
  expect(answer).toMatchObject({ status: 422, json: { problems } });
});

test('a command of a plugin that is not there is unknown', async () => {
  const { socket } = await send();
  expect((await ask(socket, 'POST', '/api/v1/plugins/nobody/commands/x', { body: {} })).status).toBe(404);
});
