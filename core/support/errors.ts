/** Every error the hub raises on purpose. `code` is stable: documentation and tests name it; it is never reused. */
export class HubError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One thing wrong with a configuration or a manifest. */
export interface Problem {
  /** Where, as a dotted path: `plugins.acurite.path`. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that cannot be used; carries every problem found, not just the first. */
export class ConfigError extends HubError {
  constructor(
    readonly problems: readonly Problem[],
    options?: ErrorOptions,
  ) {
    super('config_invalid', problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'), options);
  }
}

/** A plugin.json that cannot be used. */
export class ManifestError extends HubError {
  constructor(
    readonly problems: readonly Problem[],
    options?: ErrorOptions,
  ) {
    super('manifest_invalid', problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'), options);
  }
}

/** The text of anything thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system or library error (`ENOENT`), if it has one. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
