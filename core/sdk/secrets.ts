/**
 * Reads a plugin's own file of secrets: one level of names and texts, as the hub's secrets.yaml; a missing file holds
 * none. Loaded on demand, because few plugins have one.
 * @throws HubError `config_invalid`, which never quotes the file
 */
export async function readSecrets(path: string): Promise<ReadonlyMap<string, string>> {
  return (await import('../config/secrets.ts')).readSecrets(path);
}

/** What is wrong with the mode of a file of secrets, if others may read it. */
export async function secretsExposure(path: string): Promise<string | undefined> {
  return (await import('../config/secrets.ts')).secretsExposure(path);
}
