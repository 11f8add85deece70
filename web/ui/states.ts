import { html, type TemplateResult } from 'lit';
import type { PluginState } from '../hub/api.ts';

interface Face {
  readonly label: string;
  readonly mood: '' | 'good' | 'info' | 'warn' | 'bad';
  /** Shown when the hub gives no advice of its own. */
  readonly advice: string;
}

const FACES: Readonly<Record<PluginState, Face>> = {
  running: { label: 'Running', mood: 'good', advice: '' },
  starting: { label: 'Starting', mood: 'info', advice: 'It has a few seconds to get ready.' },
  waiting: { label: 'Waiting', mood: 'warn', advice: 'It goes on by itself as soon as it has what it waits for.' },
  unconfigured: { label: 'Not set up', mood: '', advice: 'Fill in its settings or enable it as it is.' },
  disabled: { label: 'Disabled', mood: '', advice: 'Enable it to see what it asks for.' },
  stopped: { label: 'Stopped', mood: '', advice: 'Start it when you want it back.' },
  restarting: { label: 'Restarting', mood: 'info', advice: 'The hub starts it again, more slowly each time.' },
  hung: { label: 'Hung', mood: 'bad', advice: 'It stopped answering; the hub replaces it.' },
  crashed: { label: 'Crashed', mood: 'bad', advice: 'It failed too often. Read its log, then start it again.' },
  incompatible: { label: 'Incompatible', mood: 'bad', advice: 'It was written for another version of the hub.' },
  invalid: { label: 'Invalid', mood: 'bad', advice: 'Correct what is listed; the hub looks again by itself.' },
};

const UNKNOWN: Face = {
  label: 'Unknown',
  mood: 'warn',
  advice: 'The hub knows a state this page does not: reload the page.',
};

export const stateFace = (state: PluginState): Face => FACES[state] ?? UNKNOWN;

/** States in which the plugin's process works. */
export const isAlive = (state: PluginState): boolean =>
  state === 'running' || state === 'waiting' || state === 'starting';

export function stateChip(state: PluginState): TemplateResult {
  const face = stateFace(state);
  return html`<span class="chip ${face.mood}"><span class="dot"></span>${face.label}</span>`;
}
