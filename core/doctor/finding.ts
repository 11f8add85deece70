/** What a look at one thing found. */
export interface Finding {
  /** What was looked at: `hub.db`, `clock`, `acurite`. */
  readonly about: string;
  readonly level: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** A command that mends it, or what to do. */
  readonly fix?: string;
}

export const ok = (about: string, message: string): Finding => ({ about, level: 'ok', message });
export const warning = (about: string, message: string, fix?: string): Finding =>
  finding(about, 'warning', message, fix);
export const problem = (about: string, message: string, fix?: string): Finding =>
  finding(about, 'problem', message, fix);

const finding = (about: string, level: Finding['level'], message: string, fix: string | undefined): Finding => ({
  about,
  level,
  message,
  ...(fix !== undefined && { fix }),
});
