export type ThemeChoice = 'system' | 'light' | 'dark';
const KEY = 'cupboard-theme';
const CHOICES: readonly ThemeChoice[] = ['system', 'light', 'dark'];

export function themeChoice(): ThemeChoice {
  const stored = localStorage.getItem(KEY);
  return CHOICES.find((choice) => choice === stored) ?? 'system';
}

/** Applies the choice to the whole page; the tokens do the rest. */
export function applyTheme(choice: ThemeChoice): void {
  localStorage.setItem(KEY, choice);
  if (choice === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = choice;
  dispatchEvent(new Event('cupboard-theme'));
}

export const nextTheme = (choice: ThemeChoice): ThemeChoice =>
  CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? 'system';

/** What the page looks like now. */
export function currentTheme(): 'light' | 'dark' {
  const choice = themeChoice();
  if (choice !== 'system') return choice;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Calls back when the look changes, by the user or by the system at dusk. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', listener);
  addEventListener('cupboard-theme', listener);
  return () => {
    system.removeEventListener('change', listener);
    removeEventListener('cupboard-theme', listener);
  };
}
