import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { expect, it } from 'vitest';
import { errorText } from '../../../core/support/errors.ts';
import { createLogger } from '../../../core/support/log.ts';
import { distFile } from '../../../core/support/paths.ts';
import { initTls } from '../../../core/tls/init.ts';
import { openTls } from '../../../core/tls/tls.ts';
import { startHub, temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const run = promisify(execFile);
const log = createLogger('hub', () => undefined);
const PATHS = { certificate: 'tls/server.crt', key: 'tls/server.key' };

testNeeding('openssl')('makes certificates that OpenSSL takes by its strictest rules', async () => {
  const dataDir = await temporaryFolder();
  const args = [distFile('cupboard.js'), 'tls', 'init', 'hub.example.org', '10.1.2.3', '--data', dataDir];
  expect((await run(process.execPath, args)).stdout).toContain('made the certificate authority');
  const tls = (name: string) => join(dataDir, 'tls', name);
  for (const name of ['-verify_hostname=hub.example.org', '-verify_ip=10.1.2.3', '-verify_hostname=localhost']) {
    const check = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', tls('ca.crt'), ...name.split('=')];
    expect((await run('openssl', [...check, tls('server.crt')])).stdout).toContain('OK');
  }
  expect((await stat(tls('ca.key'))).mode & 0o777).toBe(0o600);
  expect((await stat(tls('server.key'))).mode & 0o777).toBe(0o600);

  const authority = await readFile(tls('ca.crt'), 'utf8');
  const before = await readFile(tls('server.crt'), 'utf8');
  expect((await run(process.execPath, args)).stdout).toContain('kept the certificate authority');
  expect(await readFile(tls('ca.crt'), 'utf8')).toBe(authority);
  expect(await readFile(tls('server.crt'), 'utf8')).not.toBe(before);
});

testNeeding('curl', 'mosquitto_pub')(
  'serves page and broker with TLS, and takes a renewed certificate while sessions go on',
  async () => {
    const dataDir = await temporaryFolder();
    await initTls(dataDir, 'Elm Street', []);
    const ca = join(dataDir, 'tls/ca.crt');
    const hub = await startHub({ dataDir, config: { http: { tls: true }, broker: { tls_listen: '127.0.0.1:0' } } });
    expect(hub.http).toMatch(/^https:/);
    const mqtts = await waitFor('the TLS listener', () => /mqtts:\/\/127\.0\.0\.1:\d+/.exec(hub.output())?.[0]);

    const { stdout: offered } = await run('curl', ['--silent', '--fail', '--cacert', ca, `${hub.http}/ca.crt`]);
    expect(offered).toBe(await readFile(ca, 'utf8'));
    await expect(run('curl', ['--silent', `${hub.http}/ca.crt`])).rejects.toMatchObject({ code: 60 }); // not trusted
    const client = await connectAsync(mqtts, { ca: [offered] });
    const received: string[] = [];
    client.on('message', (_topic, payload) => received.push(payload.toString()));
    await client.subscribeAsync('lamp');
    const say = async (text: string) =>
      run('mosquitto_pub', ['--cafile', ca, '-p', new URL(mqtts).port, '-h', '127.0.0.1', '-t', 'lamp', '-m', text]);
    await say('before');

    const serial = async () => {
      const { stdout } = await run('sh', [
        '-c',
        `openssl s_client -connect ${new URL(hub.http).host} < /dev/null 2>/dev/null | openssl x509`,
      ]);
      return new X509Certificate(stdout).serialNumber;
    };
    const first = await serial();
    await initTls(dataDir, 'Elm Street', []);
    await waitFor('the new certificate', async () => (await serial()) !== first);
    await say('after');
    await waitFor('both messages on the old session', () => received.join() === 'before,after');
    await client.endAsync();
  },
);

it('keeps the certificate in use when the new one is no good, and refuses to start with none', async () => {
  const dataDir = await temporaryFolder();
  expect(() => openTls(dataDir, PATHS, log)).toThrow(/cupboard tls init makes them/);
  await initTls(dataDir, 'Elm Street', []);
  const errors: string[] = [];
  const listening = createLogger('hub', ({ level, message }) => void (level === 'error' && errors.push(message)));
  const tls = openTls(dataDir, PATHS, listening, 20);
  const { cert } = tls.certificate;
  await writeFile(join(dataDir, PATHS.certificate), 'not a certificate');
  await waitFor('the refusal', () => errors.length > 0);
  expect(tls.certificate.cert).toBe(cert);
  expect(errors[0]).toContain('the certificate of before stays in use');
  tls.stop();
});

it('does not listen to other machines without users, with TLS neither', async () => {
  const dataDir = await temporaryFolder();
  await initTls(dataDir, 'Elm Street', []);
  const failed = await startHub({ dataDir, config: { broker: { tls_listen: '0.0.0.0:0' } } }).catch(errorText);
  expect(failed).toContain('broker.tls_listen: 0.0.0.0:0 can be reached from other machines');
});
