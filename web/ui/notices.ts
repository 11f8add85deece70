import { html, nothing, type TemplateResult } from 'lit';
import { type IconName, icons } from './icons.ts';

type Mood = 'good' | 'info' | 'warn' | 'bad';
const MOOD_ICONS: Readonly<Record<Mood, IconName>> = { good: 'check', info: 'info', warn: 'warning', bad: 'warning' };

/** One thing the reader should know, and what to do about it. */
export function noteBox(mood: Mood, text: unknown, action: unknown = nothing): TemplateResult {
  return html`<div class="note ${mood}" role=${mood === 'bad' ? 'alert' : 'status'}>
    ${icons[MOOD_ICONS[mood]]}
    <div class="stack tight grow"><div class="wrap">${text}</div>${action === nothing ? nothing : html`<div class="row">${action}</div>`}</div>
  </div>`;
}

export const loadingBox = (): TemplateResult =>
  html`<div class="row soft loading" role="status"><span class="spinner"></span>Asking the hub …</div>`;

/** A page or list with nothing in it: why, and the way out. */
export function emptyBox(icon: IconName, title: string, text: unknown, action: unknown = nothing): TemplateResult {
  return html`<div class="empty">
    <div class="empty-icon">${icons[icon]}</div>
    <h2>${title}</h2>
    <p class="soft">${text}</p>
    ${action === nothing ? nothing : html`<div class="row center">${action}</div>`}
  </div>`;
}
