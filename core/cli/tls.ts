import { loadConfig } from '../config/config.ts';
import { createLogger } from '../support/log.ts';
import { initTls } from '../tls/init.ts';
import { print } from './output.ts';

/** Makes the certificates and says what to do with them. */
export async function init(dataDir: string, more: readonly string[]): Promise<void> {
  const { name, http } = (await loadConfig({ dataDir, log: createLogger('hub', () => undefined) })).current;
  const made = await initTls(dataDir, name, [...http.hosts, ...more]);
  print(`${made.isNewAuthority ? 'made' : 'kept'} the certificate authority ${made.authority}`);
  print(`made ${made.certificate} for ${made.names.join(', ')}`);
  print('Use it with http.tls: true and broker.tls_listen: 0.0.0.0:8883 in cupboard.yaml.');
  print(`Devices trust it once ${made.authority} is installed on them; the page offers it as /ca.crt.`);
}
