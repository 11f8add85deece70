import { html, type TemplateResult } from 'lit';
import type { Hub } from '../hub/hub.ts';
import type { RouteName } from './routes.ts';

export interface PageEntry {
  readonly title: string;
  readonly load: () => Promise<unknown>;
  readonly draw: (hub: Hub, id: string) => TemplateResult;
}

/** What is drawn where. The code of a page is loaded when it is first opened. */
export const PAGES: Readonly<Record<RouteName, PageEntry>> = {
  overview: {
    title: 'Overview',
    load: () => import('../pages/overview.ts'),
    draw: (hub) => html`<overview-page .hub=${hub}></overview-page>`,
  },
  plugins: {
    title: 'Plugins',
    load: () => import('../pages/plugins.ts'),
    draw: (hub) => html`<plugins-page .hub=${hub}></plugins-page>`,
  },
  plugin: {
    title: 'Plugin',
    load: () => import('../pages/plugin.ts'),
    draw: (hub, id) => html`<plugin-page .hub=${hub} .itemId=${id}></plugin-page>`,
  },
  panel: {
    title: 'Panel',
    load: () => import('../pages/panel.ts'),
    draw: (hub, id) => html`<panel-page .hub=${hub} .itemId=${id}></panel-page>`,
  },
  topics: {
    title: 'Live topics',
    load: () => import('../pages/topics.ts'),
    draw: (hub) => html`<topics-page .hub=${hub}></topics-page>`,
  },
  history: {
    title: 'History',
    load: () => import('../pages/history.ts'),
    draw: (hub) => html`<history-page .hub=${hub}></history-page>`,
  },
  events: {
    title: 'Events',
    load: () => import('../pages/events.ts'),
    draw: (hub) => html`<events-page .hub=${hub}></events-page>`,
  },
  logs: {
    title: 'Logs',
    load: () => import('../pages/logs.ts'),
    draw: (hub) => html`<logs-page .hub=${hub}></logs-page>`,
  },
  settings: {
    title: 'Settings',
    load: () => import('../pages/settings.ts'),
    draw: (hub) => html`<settings-page .hub=${hub}></settings-page>`,
  },
  welcome: {
    title: 'Welcome',
    load: () => import('../pages/settings.ts'),
    draw: (hub) => html`<settings-page .hub=${hub} .firstRun=${true}></settings-page>`,
  },
  setup: {
    title: 'First account',
    load: () => import('../pages/login.ts'),
    draw: (hub) => html`<setup-page .hub=${hub}></setup-page>`,
  },
  login: {
    title: 'Sign in',
    load: () => import('../pages/login.ts'),
    draw: (hub) => html`<login-page .hub=${hub}></login-page>`,
  },
};
