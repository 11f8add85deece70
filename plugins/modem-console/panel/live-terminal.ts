import type { PanelApi } from 'cupboard/sdk/panel';
import { html, type TemplateResult } from 'lit';
import type { Answer, FromTerminal, PortView, ToTerminal } from '../protocol.ts';
import { Connection, fromBase64, toBase64 } from './connection.ts';
import { Screen } from './screen.ts';

type Writer = Extract<ToTerminal, { type: 'state' }>['writer'];

/** A pasted text this long is asked about; ms between two of its lines. */
const LINE_DELAY = 100;
const encoder = new TextEncoder();

/** One console live: its screen, who has the keyboard, and the tools beside it. */
export class LiveTerminal {
  readonly #screen: Screen;
  readonly #connection: Connection;
  #isConnected = false;
  #writer: Writer = null;
  #port: PortView = { state: 'opening' };
  #find = '';
  #notFound = false;
  /** What waits for a yes: a key the guard wants confirmed. */
  #pending: { readonly text: string; readonly reason: string } | undefined;
  #isPasting = false;
  #pasteText = '';
  #lineDelay = LINE_DELAY;
  #problem = '';

  constructor(
    private readonly api: PanelApi,
    readonly console: string,
    private readonly draw: () => void,
  ) {
    this.#screen = new Screen(
      api.theme,
      (text) => void this.#type(text),
      (text) => this.#openPaste(text),
    );
    this.#connection = new Connection(
      api,
      console,
      (message) => this.#take(message),
      (isConnected) => {
        this.#isConnected = isConnected;
        if (isConnected) this.#screen.clear();
        else this.#setWriter(null);
        draw();
      },
    );
  }

  /** Once its element is in the page. */
  open(): void {
    this.#screen.open();
  }

  close(): void {
    this.#connection.close();
    this.#screen.close();
  }

  render(): TemplateResult {
    return html`<div class="terminal">
      <div class="row apart tools">
        <div class="row">${this.#renderWriter()}</div>
        ${this.#renderFind()}
      </div>
      ${this.#port.state === 'open' || !this.#isConnected ? '' : portNote(this.#port)}
      ${this.#screen.element}
      ${this.#pending ? this.#renderPending(this.#pending) : ''}
      ${this.#isPasting ? this.#renderPaste() : ''}
      ${this.#problem === '' ? '' : html`<p class="note warn" role="status">${this.#problem}</p>`}
    </div>`;
  }

  #renderWriter(): TemplateResult {
    const { admin } = this.api;
    const writer = this.#writer;
    if (!this.#isConnected) return html`<span class="chip warn">not connected</span>`;
    if (writer?.you) {
      return html`<span class="chip good">you have the keyboard</span>
        <button class="button" @click=${() => this.#ask({ type: 'release' })}>Release</button>
        <button class="button quiet" @click=${() => this.#openPaste('')}>Paste …</button>
        <button class="button quiet" @click=${() => this.#ask({ type: 'break' })}>Send break</button>`;
    }
    return html`<span class="chip">${writer ? `${writer.name} has the keyboard (${writer.way})` : 'watching'}</span>
      ${
        admin
          ? html`<button class="button" @click=${() => this.#ask({ type: 'take', take_over: writer !== null })}>
              ${writer ? 'Take over' : 'Take the keyboard'}
            </button>`
          : ''
      }`;
  }

  #renderFind(): TemplateResult {
    const find = (direction: 'next' | 'previous') => {
      this.#notFound = this.#find !== '' && !this.#screen.find(this.#find, direction);
      this.draw();
    };
    return html`<form class="row find" role="search" aria-label="This screen" @submit=${(event: Event) => {
      event.preventDefault();
      find('previous');
    }}>
      <input type="search" aria-label="Find on this screen" placeholder="Find on screen" aria-invalid=${this.#notFound}
        .value=${this.#find} @input=${(event: InputEvent) => {
          this.#find = (event.target as HTMLInputElement).value;
        }} />
      <button class="button quiet" type="submit">Up</button>
      <button class="button quiet" type="button" @click=${() => find('next')}>Down</button>
    </form>`;
  }

  #renderPending({ text, reason }: { text: string; reason: string }): TemplateResult {
    return html`<div class="note bad stack tight" role="alertdialog" aria-label="Confirm a key">
      <p><b>Not sent: ${JSON.stringify(text)}.</b> ${reason}</p>
      <div class="row">
        <button class="button danger" @click=${() => this.#type(text, true)}>Send it, I mean it</button>
        <button class="button" @click=${() => this.#setPending(undefined)}>Do not send</button>
      </div>
    </div>`;
  }

  #renderPaste(): TemplateResult {
    const lines = this.#pasteText.split(/\r\n|\r|\n/).length;
    return html`<form class="note stack tight" aria-label="Paste" @submit=${(event: Event) => {
      event.preventDefault();
      void this.#paste();
    }}>
      <label class="field"><span>Text to send, line by line</span>
        <textarea .value=${this.#pasteText} @input=${(event: InputEvent) => {
          this.#pasteText = (event.target as HTMLTextAreaElement).value;
          this.draw();
        }}></textarea></label>
      <div class="row">
        <label class="row small">Pause after a line, ms
          <input class="short" type="number" min="0" max="10000" step="10" .value=${String(this.#lineDelay)}
            @input=${(event: InputEvent) => {
              this.#lineDelay = (event.target as HTMLInputElement).valueAsNumber || 0;
            }} /></label>
        <button class="button primary" type="submit">Send ${lines === 1 ? 'one line' : `${lines} lines`}</button>
        <button class="button" type="button" @click=${() => this.#closePaste()}>Cancel</button>
      </div>
    </form>`;
  }

  #take(message: ToTerminal): void {
    if (message.type === 'output') this.#screen.show(fromBase64(message.bytes));
    else if (message.type === 'skipped') this.#screen.note(`${message.bytes} bytes skipped: they are in the recording`);
    else if (message.type === 'state') {
      this.#port = message.port;
      this.#setWriter(message.writer);
      this.draw();
    }
  }

  #setWriter(writer: Writer): void {
    const isWriting = writer?.you ?? false;
    if (isWriting !== (this.#writer?.you ?? false)) this.#screen.setWriting(isWriting);
    if (!isWriting) this.#pending = undefined;
    this.#writer = writer;
  }

  #type(text: string, confirmed = false): Promise<void> {
    this.#setPending(undefined);
    return this.#ask({ type: 'keys', bytes: toBase64(encoder.encode(text)), confirmed }, text);
  }

  #openPaste(text: string): void {
    this.#pasteText = text;
    this.#isPasting = true;
    this.draw();
  }

  #closePaste(): void {
    this.#isPasting = false;
    this.draw();
  }

  async #paste(): Promise<void> {
    const text = this.#pasteText;
    this.#closePaste();
    await this.#ask({ type: 'paste', text, line_delay_ms: this.#lineDelay });
  }

  async #ask(message: FromTerminal, typed?: string): Promise<void> {
    const answer: Answer = await this.#connection.ask(message);
    this.#problem = '';
    if (!answer.ok && answer.code === 'refused' && typed !== undefined) {
      this.#pending = { text: typed, reason: answer.error };
    } else if (!answer.ok) {
      this.#problem = answer.error;
    }
    this.draw();
  }

  #setPending(pending: { text: string; reason: string } | undefined): void {
    this.#pending = pending;
    this.draw();
  }
}

function portNote({ state, reason, advice }: PortView): TemplateResult {
  return html`<div class="note warn"><p><b>${state}: ${reason}</b></p>${advice ? html`<pre class="advice">${advice}</pre>` : ''}</div>`;
}
