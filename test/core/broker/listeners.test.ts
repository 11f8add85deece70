import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Access } from '../../../core/broker/access.ts';
import { admit } from '../../../core/broker/admission.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { startBroker } from './bed.ts';

test('a busy port names its holder and both ways out', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const started = startBroker({ broker: { config: { listen: `127.0.0.1:${port}` } } });
  await expect(started).rejects.toMatchObject({ code: 'port_busy' });
  await expect(started).rejects.toThrow(
    new RegExp(`pid ${process.pid}\\).*--mqtt 127\\.0\\.0\\.1:\\d+.*broker\\.url`, 's'),
  );
});

test('a listener that others can reach needs users', async () => {
  const config = { listen: '0.0.0.0:0' };
  await expect(startBroker({ broker: { config } })).rejects.toMatchObject({ code: 'listen_without_users' });
  await startBroker({ broker: { config, hasUsers: () => true } });
});

test('the plugin socket belongs to its user alone', async () => {
  const bed = await startBroker();
  expect(statSync(bed.broker.pluginSocket).mode & 0o777).toBe(0o600);
});

test('a path too long for a Unix socket is refused, not cut', async () => {
  const dataDir = join(await temporaryFolder(), 'x'.repeat(100));
  await mkdir(dataDir, { recursive: true });
  await expect(startBroker({ dataDir })).rejects.toMatchObject({ code: 'data_path_too_long' });
});

const applicant = {
  clientId: 'phone',
  origin: { listener: 'network' as const, address: '192.0.2.7', local: false },
  connect: { clientId: 'phone', protocolVersion: 4, keepalive: 60 },
  keepsSession: false,
};
const doors = {
  access: new Access(),
  anonymous: () => true,
  authenticate: async () => undefined,
  connected: () => undefined,
  session: () => undefined,
  sessionsProblem: () => undefined,
};

test('from other machines nobody comes in without a user', async () => {
  await expect(admit(applicant, doors)).rejects.toThrow('it names no user; only this machine may do so');
});

test('from other machines a keepalive is required', async () => {
  const connect = { ...applicant.connect, keepalive: 0 };
  await expect(admit({ ...applicant, connect }, doors)).rejects.toThrow('keepalive 0 is taken only from this machine');
});

test('anonymous clients can be switched off', async () => {
  const local = { ...applicant, origin: { ...applicant.origin, local: true } };
  expect(await admit(local, doors)).toEqual({ kind: 'anonymous' });
  await expect(admit(local, { ...doors, anonymous: () => false })).rejects.toThrow('broker.anonymous is off');
});
