import type { CommandResult, JsonObject } from 'cupboard/sdk';
import type { PanelApi } from 'cupboard/sdk/panel';
import { html, LitElement, nothing, type TemplateResult } from 'lit';

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly message: string;
  readonly because?: string;
}

const LEVELS: Readonly<Record<string, string>> = { pass: 'good', advice: 'info', fail: 'bad', 'not checked': 'warn' };
const FORMS = { ip6tables: 'ip6tables-restore', nft: 'nft', radvd: 'radvd.conf', ddwrt: 'dd-wrt' } as const;

/** What is asked for by hand: the firewall, its text, two traces. */
export class WatchdogTools extends LitElement {
  static override properties = { api: { attribute: false }, tunnel: {} };
  declare api: PanelApi;
  declare tunnel: string;
  private findings: readonly Finding[] | undefined;
  private text = '';
  private comparison: CommandResult | undefined;
  private failure = '';
  private busy = '';

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  private async ask(name: string, args: JsonObject): Promise<CommandResult | undefined> {
    this.busy = name;
    this.failure = '';
    this.requestUpdate();
    try {
      const answer = await this.api.command(name, args);
      if (answer.ok) return answer;
      this.failure = [answer['error'], answer['expected'] && `expected ${answer['expected']}`]
        .filter(Boolean)
        .join(': ');
    } catch (error) {
      this.failure = (error as Error).message;
    } finally {
      this.busy = '';
      this.requestUpdate();
    }
    return undefined;
  }

  private async audit(text?: string): Promise<void> {
    const answer = await this.ask('audit', { tunnel: this.tunnel, ...(text && { text }) });
    this.findings = answer?.['findings'] as unknown as readonly Finding[] | undefined;
    this.requestUpdate();
  }

  private async show(form: string): Promise<void> {
    const answer = await this.ask('text', { tunnel: this.tunnel, form });
    this.text = String(answer?.['text'] ?? '');
    this.requestUpdate();
  }

  private readonly compare = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    this.comparison = await this.ask('compare', { v6: String(data.get('v6')), v4: String(data.get('v4')) });
    this.requestUpdate();
  };

  private readonly auditText = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.audit(String(new FormData(event.target as HTMLFormElement).get('rules')));
  };

  override render(): TemplateResult {
    return html`<div class="stack">
      ${this.failure ? html`<p class="note bad" role="alert">${this.failure}</p>` : nothing}
      ${this.renderFirewall()} ${this.renderCompare()}
    </div>`;
  }

  private renderFirewall(): TemplateResult {
    return html`<section class="card stack" aria-label="Firewall">
      <h2>Firewall</h2>
      <div class="row">
        <button class="button" ?disabled=${this.busy !== ''} @click=${() => this.audit()}>Check the rules in force</button>
        ${Object.entries(FORMS).map(
          ([form, label]) =>
            html`<button class="button" ?disabled=${this.busy !== ''} @click=${() => this.show(form)}>Text for ${label}</button>`,
        )}
      </div>
      <details>
        <summary>Check a rule set from elsewhere</summary>
        <form class="stack" @submit=${this.auditText}>
          <label for="rules">What <code>ip6tables -S</code> or <code>nft list ruleset</code> printed, or a script</label>
          <textarea id="rules" name="rules" spellcheck="false" required></textarea>
          <div><button class="button" ?disabled=${this.busy !== ''}>Check</button></div>
        </form>
      </details>
      ${this.findings ? this.renderFindings(this.findings) : nothing}
      ${this.text ? html`<pre tabindex="0" aria-label="Text">${this.text}</pre>` : nothing}
    </section>`;
  }

  private renderFindings(findings: readonly Finding[]): TemplateResult {
    return html`<div class="wide" tabindex="0" role="group" aria-label="Findings"><table class="table"><thead><tr><th scope="col">Result</th><th scope="col">Finding</th><th scope="col">Rule</th></tr></thead>
      <tbody>${findings.map(
        ({ level, message, because }) => html`<tr>
          <td><span class="chip ${LEVELS[level] ?? ''}">${level}</span></td><td>${message}</td><td><code>${because ?? ''}</code></td></tr>`,
      )}</tbody></table></div>`;
  }

  private renderCompare(): TemplateResult {
    const found = this.comparison as Record<string, unknown> | undefined;
    const step = found?.['biggest_step'] as { from: number; to: number; ms: number } | undefined;
    return html`<section class="card stack" aria-label="Compare two traces">
      <h2>Compare two traces</h2>
      <form class="stack" @submit=${this.compare}>
        <div class="grid">
          <div><label for="trace6">Over IPv6: <code>mtr -6 -r HOST</code></label><textarea id="trace6" name="v6" spellcheck="false" required></textarea></div>
          <div><label for="trace4">Over IPv4: <code>mtr -4 -r HOST</code></label><textarea id="trace4" name="v4" spellcheck="false" required></textarea></div>
        </div>
        <div><button class="button" ?disabled=${this.busy !== ''}>Compare</button></div>
      </form>
      ${
        found
          ? html`<p role="status"><b>${found['cost_ms']} ms</b> dearer over IPv6${
              step ? html`; most of it, ${step.ms} ms, from hop ${step.from} to ${step.to}, ${found['where']}` : nothing
            }. Recommended: <b>${found['recommendation']}</b>.</p>`
          : nothing
      }
    </section>`;
  }
}
customElements.define('ipv6-watchdog-tools', WatchdogTools);
