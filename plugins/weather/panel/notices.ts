import type { PanelApi } from 'cupboard/sdk/panel';
import { html, nothing, type TemplateResult } from 'lit';
import type { WeatherState } from './state.ts';

const note = (mood: string, title: string, advice: unknown) =>
  html`<div class="note ${mood}" role="status"><p><b>${title}</b> ${advice}</p></div>`;

/** What is wrong with what the page shows, each with one line of advice. Nothing where all is well. */
export function notices(
  weather: WeatherState | undefined,
  isOnline: boolean | undefined,
  api: PanelApi,
  now: number,
): TemplateResult {
  const settings = html`<a href="/plugin/${api.plugin}">settings</a>`;
  if (!weather) {
    return note(
      'info',
      'No weather yet.',
      html`Start the plugin that reads your station, or name its topic in the ${settings}.`,
    );
  }
  const at = new Date(weather.time).toLocaleString(undefined, { timeZone: api.hub.timezone, hourCycle: 'h23' });
  const { values } = weather;
  const isSilent = Object.keys(values).length === 0;
  const hasOldOnes = isOnline === false && !isSilent;
  return html`
    ${
      weather.simulated
        ? note(
            'info',
            'Simulated.',
            'This weather is made up by a simulator or a replay; it is not what it is like outside.',
          )
        : nothing
    }
    ${
      hasOldOnes
        ? note(
            'warn',
            `The plugin is not running: this is the weather of ${at}.`,
            html`Start it on its page: ${settings}.`,
          )
        : nothing
    }
    ${
      isSilent
        ? note('warn', `Nothing heard from the station since ${at}.`, 'The page of the plugin that reads it says why.')
        : nothing
    }
    ${
      !isSilent && values.temperature === undefined && now - weather.time < 3_600_000
        ? note('warn', 'The outdoor sensor is silent.', 'Check its batteries and its distance to the console.')
        : nothing
    }
    ${
      Object.values(values).includes(null)
        ? note(
            'bad',
            'A sensor sends values that cannot be true.',
            'They are kept in the archive and not used; see the log for which.',
          )
        : nothing
    }
  `;
}
