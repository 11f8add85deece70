/**
 * Runs inside the sandboxed frame of a panel: builds the panel API over messages to the page around it and mounts the
 * panel's module. The frame has no origin, no cookie and no network of its own.
 */
import type { CommandResult, History } from 'cupboard/sdk';
import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import './chart.ts';
import { showValue } from './hub/units.ts';
import type { Answer, Ask, FrameRequest, FrameResponse, FromFrame, PanelFacts, ToFrame } from './panels/messages.ts';
import baseCss from './styles/base.css?inline';
import tokensCss from './styles/tokens.css?inline';

const handlers = new Map<number, (topic: string, payload: string) => void>();
const waiting = new Map<number, { resolve: (value: Answer) => void; reject: (error: Error) => void }>();
let nextId = 1;

const send = (message: FromFrame) => parent.postMessage(message, '*');

function ask<T extends Answer>(what: Ask): Promise<T> {
  const id = nextId++;
  send({ kind: 'ask', id, ask: what });
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve: (value) => resolve(value as T), reject });
  });
}

function createApi(facts: PanelFacts): PanelApi {
  return {
    ...facts,
    show: (value, unit = '') => showValue(value, unit, facts.units),
    publish: (topic, payload) => ask<undefined>({ do: 'publish', topic, payload }),
    command: (name, args = {}) => ask<CommandResult>({ do: 'command', name, args }),
    history: (series, range) => ask<History>({ do: 'history', series, range }),
    fetch: async (path, init) =>
      toResponse(await ask<FrameResponse>({ do: 'fetch', path, init: toFrameRequest(init) })),
    subscribe: (filter, handler) => {
      const subscription = nextId++;
      handlers.set(subscription, handler);
      ask({ do: 'subscribe', filter, subscription }).catch((error: unknown) => console.error(error));
      return () => {
        handlers.delete(subscription);
        void ask({ do: 'unsubscribe', subscription });
      };
    },
  };
}

function toFrameRequest(init: RequestInit | undefined): FrameRequest | undefined {
  if (!init) return undefined;
  return {
    ...(init.method !== undefined && { method: init.method }),
    ...(init.headers !== undefined && { headers: Object.fromEntries(new Headers(init.headers)) }),
    ...(init.body != null && { body: init.body as string | ArrayBuffer | Blob }),
  };
}

/** 204 and the like may not be given a body, not even an empty one. */
const toResponse = ({ body, ...init }: FrameResponse) => new Response(body.byteLength > 0 ? body : null, init);

const showTheme = (theme: 'light' | 'dark') => {
  document.documentElement.dataset['theme'] = theme;
};

async function start(facts: PanelFacts): Promise<void> {
  showTheme(facts.theme);
  const { default: mount } = (await import(/* @vite-ignore */ document.body.dataset['panel'] ?? '')) as {
    default: MountPanel;
  };
  mount(document.body, createApi(facts));
}

function receive({ source, data }: MessageEvent<ToFrame>): void {
  if (source !== parent) return;
  switch (data.kind) {
    case 'start':
      start(data.facts).catch((error: unknown) => {
        document.body.textContent = `This panel could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
      });
      break;
    case 'theme':
      showTheme(data.theme);
      break;
    case 'message':
      handlers.get(data.subscription)?.(data.topic, data.payload);
      break;
    case 'answer':
      settle(data.id, data.value, data.error);
      break;
  }
}

function settle(id: number, value: Answer, error: string | undefined): void {
  const found = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) found?.resolve(value);
  else found?.reject(new Error(error));
}

for (const css of [tokensCss, baseCss]) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}
addEventListener('message', receive);
new ResizeObserver(() => send({ kind: 'height', height: document.documentElement.scrollHeight })).observe(
  document.body,
);
send({ kind: 'ready' });
