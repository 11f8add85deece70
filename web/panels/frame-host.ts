import type { PanelApi } from 'cupboard/sdk/panel';
import { currentTheme, onThemeChange } from '../shell/theme.ts';
import type { Answer, Ask, FrameRequest, FrameResponse, FromFrame, ToFrame } from './messages.ts';
import { isPublishAllowed, isSubscribeAllowed, type PanelRights } from './rights.ts';

/** A panel may be long, but not so long that it freezes the page. */
const TALLEST = 20_000;

/**
 * Serves the panel API to a plugin's page in a sandboxed frame. Such a page acts with the login of whoever looks at it,
 * so it is held to what its plugin may do. Answers the function that ends it.
 */
export function hostFrame(frame: HTMLIFrameElement, api: PanelApi, rights: PanelRights): () => void {
  const subscriptions = new Map<number, () => void>();
  const send = (message: ToFrame) => frame.contentWindow?.postMessage(message, '*');

  const work = async (ask: Ask): Promise<Answer> => {
    switch (ask.do) {
      case 'publish':
        if (!isPublishAllowed(rights, ask.topic)) throw new Error(`this panel may not publish ${ask.topic}`);
        return void (await api.publish(ask.topic, ask.payload));
      case 'command':
        return api.command(ask.name, ask.args);
      case 'history':
        if (!isSubscribeAllowed(rights, ask.series)) throw new Error(`this panel may not read ${ask.series}`);
        return api.history(ask.series, ask.range);
      case 'fetch':
        return toFrameResponse(await api.fetch(ask.path, toRequest(ask.init)));
      case 'subscribe': {
        const { filter, subscription } = ask;
        if (!isSubscribeAllowed(rights, filter)) throw new Error(`this panel may not subscribe to ${filter}`);
        const end = api.subscribe(filter, (topic, payload) => send({ kind: 'message', subscription, topic, payload }));
        return void subscriptions.set(subscription, end);
      }
      case 'unsubscribe':
        subscriptions.get(ask.subscription)?.();
        return void subscriptions.delete(ask.subscription);
    }
  };

  const answer = async (id: number, ask: Ask): Promise<void> => {
    try {
      send({ kind: 'answer', id, value: await work(ask) });
    } catch (error) {
      send({ kind: 'answer', id, error: error instanceof Error ? error.message : String(error) });
    }
  };

  const receive = ({ source, data }: MessageEvent<FromFrame>): void => {
    if (source !== frame.contentWindow) return;
    const { plugin, hub, admin, units } = api;
    if (data.kind === 'ready') send({ kind: 'start', facts: { plugin, hub, admin, units, theme: currentTheme() } });
    else if (data.kind === 'height') frame.style.height = `${Math.min(TALLEST, Math.max(0, data.height))}px`;
    else if (data.kind === 'ask') void answer(data.id, data.ask);
  };

  addEventListener('message', receive);
  const stopTheme = onThemeChange(() => send({ kind: 'theme', theme: currentTheme() }));
  return () => {
    removeEventListener('message', receive);
    stopTheme();
    for (const end of subscriptions.values()) end();
  };
}

const toRequest = ({ method, headers, body }: FrameRequest = {}): RequestInit => ({
  ...(method !== undefined && { method }),
  ...(headers !== undefined && { headers }),
  ...(body !== undefined && { body }),
});

async function toFrameResponse(response: Response): Promise<FrameResponse> {
  return {
    status: response.status,
    statusText: response.statusText,
    headers: Object.fromEntries(response.headers),
    body: await response.arrayBuffer(),
  };
}
