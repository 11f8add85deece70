import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { ApiError } from '../hub/api.ts';
import { navigate } from '../shell/navigation.ts';
import { returnPath } from '../shell/routes.ts';
import { icons } from '../ui/icons.ts';
import { noteBox } from '../ui/notices.ts';
import { PageElement } from '../ui/page-element.ts';

const SHORTEST_PASSWORD = 8;

const door = (title: string, text: unknown, form: TemplateResult): TemplateResult => html`<div class="door">
  <div class="door-mark">${icons.cupboard}</div>
  <h1 tabindex="-1">${title}</h1>
  <p class="soft">${text}</p>
  ${form}
</div>`;

function fields(event: SubmitEvent): Record<string, string> {
  event.preventDefault();
  return Object.fromEntries(
    [...new FormData(event.target as HTMLFormElement)].map(([key, value]) => [key, String(value)]),
  );
}

@customElement('login-page')
export class LoginPage extends PageElement {
  @state() private problem = '';
  @state() private busy = false;

  protected override render(): TemplateResult {
    const hint = html`No account yet, or the password is gone? On the machine of the hub,
      <code>npx cupboard users link</code> prints a link that makes one.`;
    return door(
      'Sign in',
      'This is the cupboard of one household.',
      html`<form class="stack" @submit=${this.#submit}>
        ${this.problem ? noteBox('bad', this.problem) : nothing}
        <div class="field"><label for="user">Name</label><input id="user" name="user" autocomplete="username" required autofocus /></div>
        <div class="field"><label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required /></div>
        <button class="button primary" ?disabled=${this.busy}>Sign in</button>
        <p class="small soft">${hint}</p>
      </form>`,
    );
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    const { user = '', password = '' } = fields(event);
    this.busy = true;
    try {
      await this.hub.api.login(user, password);
      await this.hub.open();
      navigate(returnPath(location.search), { replace: true });
    } catch (error) {
      this.problem =
        error instanceof ApiError && error.status === 401
          ? 'Name and password do not belong together.'
          : String((error as Error).message);
    }
    this.busy = false;
  };
}

/** `/setup#TOKEN`: the token stays behind the hash, so that it is in no log and no referrer. */
@customElement('setup-page')
export class SetupPage extends PageElement {
  @state() private problem = '';
  @state() private busy = false;
  readonly #token = location.hash.slice(1);

  protected override render(): TemplateResult {
    if (!this.#token) {
      const text = html`Its link is printed where the hub was started, and again by <code>npx cupboard users link</code>.`;
      return door('An account', text, html`<a class="button" href="/login">Sign in</a>`);
    }
    return door(
      'Welcome to your cupboard',
      'This link makes an account that may change everything. It works once.',
      html`<form class="stack" @submit=${this.#submit}>
        ${this.problem ? noteBox('bad', this.problem) : nothing}
        <div class="field"><label for="user">Your name</label><input id="user" name="user" autocomplete="username" required autofocus /></div>
        <div class="field"><label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="new-password" minlength=${SHORTEST_PASSWORD}
            aria-describedby="password-help" required />
          <div class="help" id="password-help">At least ${SHORTEST_PASSWORD} characters; a sentence is easiest to remember.</div></div>
        <button class="button primary" ?disabled=${this.busy}>Create the account</button>
      </form>`,
    );
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    const { user = '', password = '' } = fields(event);
    this.busy = true;
    try {
      await this.hub.api.setup(this.#token, user, password);
      await this.hub.open();
      navigate('/welcome', { replace: true });
    } catch (error) {
      this.problem = (error as Error).message;
    }
    this.busy = false;
  };
}
