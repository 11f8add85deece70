import { apiPath, hubClient } from './client.ts';
import { formatTime, print, printJson, printRows } from './output.ts';
import { readNewPassword } from './password.ts';

interface UserRow {
  readonly name: string;
  readonly role: string;
  readonly created: number;
}

export async function listUsers(dataDir: string, json?: boolean): Promise<void> {
  const rows = await hubClient(dataDir).get<UserRow[]>('/api/v1/users');
  printRows(
    rows,
    [
      ['USER', (row) => row.name],
      ['ROLE', (row) => row.role],
      ['SINCE', (row) => formatTime(row.created)],
    ],
    json,
  );
}

export async function addUser(dataDir: string, name: string, role: string): Promise<void> {
  const password = await readNewPassword(name);
  await hubClient(dataDir).send('POST', '/api/v1/users', { name, password, role });
  print(`added ${name} (${role})`);
}

export async function changePassword(dataDir: string, name: string): Promise<void> {
  const password = await readNewPassword(name);
  await hubClient(dataDir).send('PUT', apiPath`/users/${name}`, { password });
  print(`changed the password of ${name}; its sessions have ended`);
}

/** Replaces what a user may read and write; without a filter it may do neither. */
export async function setUserRules(
  dataDir: string,
  name: string,
  rules: Readonly<Record<string, string[]>>,
): Promise<void> {
  await hubClient(dataDir).send('PUT', apiPath`/users/${name}`, { rules });
  print(`changed the rules of ${name}; they hold for its open connections too`);
}

export async function removeUser(dataDir: string, name: string): Promise<void> {
  await hubClient(dataDir).send('DELETE', apiPath`/users/${name}`);
  print(`removed ${name}`);
}

/** A link that creates an account, used once. */
export async function printAccountLink(dataDir: string, json?: boolean): Promise<void> {
  const answer = await hubClient(dataDir).send<{ url: string }>('POST', '/api/v1/users/link');
  if (json) printJson(answer);
  else print(answer.url);
}

/** Only the token goes to stdout, for scripts. */
export async function addToken(dataDir: string, name: string, role: string, json?: boolean): Promise<void> {
  const answer = await hubClient(dataDir).send<{ token: string }>('POST', '/api/v1/tokens', { name, role });
  if (json) return printJson(answer);
  process.stderr.write('Send it as "Authorization: Bearer ...". It is shown this once:\n');
  print(answer.token);
}
