import type { JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';
import { html, type TemplateResult } from 'lit';

/** As `<id>/ports` lists it. */
export interface Adapter {
  readonly path: string;
  readonly node: string;
  readonly manufacturer?: string;
  readonly vendor_id?: string;
  readonly product_id?: string;
  /** The console that uses it. */
  readonly console?: string;
}

/** The adapters that no console uses, each with a button that makes it one. */
export function freePorts(
  ports: readonly Adapter[],
  api: PanelApi,
  problem: string,
  onUse: (adapter: Adapter) => void,
): TemplateResult {
  const free = ports.filter(({ console }) => console === undefined);
  if (free.length === 0) {
    return html`<p class="note">No free serial adapter is plugged in; one that is appears here within seconds.</p>`;
  }
  return html`<ul class="ports">${free.map(
    (adapter) => html`<li class="row apart">
      <div class="grow"><b>${adapter.manufacturer ?? 'Serial adapter'}</b> <span class="soft">${adapter.node}${adapter.vendor_id ? ` · ${adapter.vendor_id}:${adapter.product_id}` : ''}</span>
        <br /><code class="wrap">${adapter.path}</code></div>
      ${api.admin ? html`<button class="button" @click=${() => onUse(adapter)}>Use this port</button>` : ''}
    </li>`,
  )}</ul>
  ${problem === '' ? '' : html`<p class="note bad">${problem}</p>`}`;
}

/**
 * Writes a console for the adapter into the plugin's settings, under the first free name.
 * @throws Error with the hub's words
 */
export async function usePort({ plugin }: PanelApi, { path }: Adapter): Promise<void> {
  const url = `/api/v1/plugins/${encodeURIComponent(plugin)}/config`;
  const { config } = (await answerOf(await fetch(url))) as { config: { consoles?: JsonObject } };
  const consoles = config.consoles ?? {};
  const name = ['cm', 'linux'].find((each) => !(each in consoles)) ?? freeName(consoles);
  const body = JSON.stringify({ ...config, consoles: { ...consoles, [name]: { port: path } } });
  await answerOf(await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/json' }, body }));
}

function freeName(consoles: JsonObject): string {
  let number = 1;
  while (`console${number}` in consoles) number += 1;
  return `console${number}`;
}

async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (!response.ok) throw new Error((answer as { detail?: string } | undefined)?.detail ?? `status ${response.status}`);
  return answer;
}
