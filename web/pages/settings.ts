import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { problemsByPath } from '../forms/schema.ts';
import { ApiError, type Settings } from '../hub/api.ts';
import type { Units } from '../hub/units.ts';
import { navigate } from '../shell/navigation.ts';
import { noteBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';

const UNITS: readonly { units: Units; label: string; help: string }[] = [
  { units: 'metric', label: 'Metric', help: '°C, m/s, hPa, mm' },
  { units: 'uk', label: 'United Kingdom', help: '°C, mph, hPa, mm' },
  { units: 'imperial', label: 'United States', help: '°F, mph, inHg, in' },
];

const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What the hub must know of the house; after the first account it asks by itself. */
@customElement('settings-page')
export class SettingsPage extends PageElement {
  @property({ type: Boolean }) firstRun = false;
  @state() private saved = false;
  @state() private failure = '';
  @state() private problems: ReadonlyMap<string, string> = new Map();
  @state() private position: { latitude: number; longitude: number; elevation?: number } | undefined;

  protected override render(): TemplateResult {
    const { settings, isAdmin } = this.hub;
    return html`<div class="stack loose narrow">
      <div class="stack tight">
        <h1 tabindex="-1">${this.firstRun ? 'Where is your house?' : 'Settings'}</h1>
        <p class="soft">${this.firstRun ? 'Weather, sunrise and midnight depend on it. Everything can be changed later.' : 'What the hub knows of your house. The rest is in cupboard.yaml.'}</p>
      </div>
      <form class="card stack" @submit=${this.#submit}>
        ${this.failure ? noteBox('bad', this.failure) : nothing} ${this.saved ? noteBox('good', 'Saved to cupboard.yaml.') : nothing}
        ${isAdmin ? nothing : noteBox('info', 'You may look; only an admin may change this.')}
        ${this.#renderField('name', 'Name of the house', html`<input id="name" name="name" required .value=${settings.name} ?disabled=${!isAdmin} />`)}
        ${this.#renderLocation(settings)}
        ${this.#renderField('timezone', 'Time zone', this.#renderZones(settings))}
        <fieldset>
          <legend>Units</legend>
          <div class="row">${UNITS.map((choice) => this.#renderUnits(choice, settings.units))}</div>
          <p class="help small soft">How pages show values. Topics and files stay metric.</p>
        </fieldset>
        <div class="row">
          <button class="button primary" ?disabled=${!isAdmin}>${this.firstRun ? 'Open the cupboard' : 'Save'}</button>
          ${this.firstRun ? html`<a class="button quiet" href="/">Later</a>` : nothing}
        </div>
      </form>
    </div>`;
  }

  #renderField(name: string, label: string, control: TemplateResult, help?: string): TemplateResult {
    const problem = this.problems.get(name);
    return html`<div class="field grow">
      <label for=${name.split('.').at(-1) ?? name}>${label}</label>${control}
      ${problem ? html`<div class="problem">${problem}</div>` : nothing} ${help ? html`<div class="help">${help}</div>` : nothing}
    </div>`;
  }

  #renderLocation(settings: Settings): TemplateResult {
    const place = this.position ?? settings.location;
    const number = (name: string, value: number | undefined, limit: number) =>
      html`<input id=${name} name=${name} type="number" step="any" min=${-limit} max=${limit} .value=${String(value ?? '')} ?disabled=${!this.hub.isAdmin} />`;
    const canLocate = 'geolocation' in navigator && isSecureContext && this.hub.isAdmin;
    return html`<fieldset>
      <legend>Location</legend>
      <div class="stack tight">
        <div class="row top">
          ${this.#renderField('location.latitude', 'Latitude', number('latitude', place?.latitude, 90), 'degrees, north positive')}
          ${this.#renderField('location.longitude', 'Longitude', number('longitude', place?.longitude, 180), 'degrees, east positive')}
          ${this.#renderField('location.elevation', 'Elevation', number('elevation', place?.elevation, 9000), 'metres; without it there is no sea-level pressure')}
        </div>
        ${canLocate ? html`<div><button type="button" class="button" @click=${this.#locate}>Use where I am now</button></div>` : nothing}
      </div>
    </fieldset>`;
  }

  #renderZones(settings: Settings): TemplateResult {
    const now = this.firstRun ? browserZone() : settings.timezone;
    const zones = new Set([now, settings.timezone, browserZone(), ...Intl.supportedValuesOf('timeZone')]);
    return html`<select id="timezone" name="timezone" ?disabled=${!this.hub.isAdmin}>
      ${[...zones].sort().map((zone) => html`<option ?selected=${zone === now}>${zone}</option>`)}
    </select>`;
  }

  #renderUnits({ units, label, help }: (typeof UNITS)[number], now: Units): TemplateResult {
    return html`<label class="choice">
      <input type="radio" name="units" value=${units} ?checked=${units === now} ?disabled=${!this.hub.isAdmin} />
      <span>${label}<span class="soft small">${help}</span></span>
    </label>`;
  }

  readonly #locate = (): void => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const elevation = coords.altitude === null ? {} : { elevation: Math.round(coords.altitude) };
        this.position = { latitude: rounded(coords.latitude), longitude: rounded(coords.longitude), ...elevation };
      },
      (error) => {
        this.failure = `The browser does not say where it is: ${error.message}`;
      },
    );
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.saved = false;
    this.failure = '';
    this.problems = new Map();
    try {
      await this.hub.saveSettings(readSettings(form));
      this.saved = true;
      if (this.firstRun) navigate('/', { replace: true });
    } catch (error) {
      this.failure = (error as Error).message;
      if (error instanceof ApiError) this.problems = problemsByPath(error.problems, '');
    }
  };
}

/** Five decimals are about a metre. */
const rounded = (degrees: number) => Number(degrees.toFixed(5));

function readSettings(form: FormData): Settings {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const number = (name: string) => (text(name) === '' ? undefined : Number(text(name)));
  const [latitude, longitude, elevation] = [number('latitude'), number('longitude'), number('elevation')];
  const isPlaced = latitude !== undefined && longitude !== undefined;
  return {
    name: text('name'),
    timezone: text('timezone'),
    units: text('units') as Units,
    ...(isPlaced ? { location: { latitude, longitude, ...(elevation === undefined ? {} : { elevation }) } } : {}),
  };
}
