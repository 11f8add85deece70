import type { PanelApi } from 'cupboard/sdk/panel';
import type { Answer, FromTerminal, ToTerminal } from '../protocol.ts';

/** ms between two attempts to reach a plugin that is restarting. */
const RETRY = 2000;

/** The stream of one console. It comes back by itself; the keyboard does not: that is asked for anew. */
export class Connection {
  readonly #stop = new AbortController();
  #client: string | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly api: PanelApi,
    private readonly console: string,
    private readonly onMessage: (message: ToTerminal) => void,
    /** True while messages come. */
    private readonly onConnected: (isConnected: boolean) => void,
  ) {
    void this.#run();
  }

  close(): void {
    this.#stop.abort();
  }

  /** One request after the other: keys must arrive in the order they were pressed. */
  ask(message: FromTerminal): Promise<Answer> {
    const answer = this.#sending.then(() => this.#post(message));
    this.#sending = answer;
    return answer;
  }

  async #post(message: FromTerminal): Promise<Answer> {
    const lost: Answer = { type: 'answer', ok: false, code: 'not_connected', error: 'The plugin cannot be reached.' };
    if (this.#client === undefined) return lost;
    try {
      const response = await this.api.fetch(`terminal/${this.#client}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(message),
      });
      const answer = (await response.json()) as Answer;
      return answer.type === 'answer' ? answer : { ...lost, error: `The hub refused it: ${response.status}` };
    } catch {
      return lost;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const response = await this.api.fetch(`terminal/${this.console}`, { signal });
        if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
        this.onConnected(true);
        await this.#read(response.body);
      } catch {
        // Closed, or the plugin is away: shown as not connected.
      }
      this.#client = undefined;
      if (signal.aborted) return;
      this.onConnected(false);
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (text + value).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#take(JSON.parse(line) as ToTerminal);
    }
  }

  #take(message: ToTerminal): void {
    if (message.type === 'hello') this.#client = message.client;
    this.onMessage(message);
  }
}

/** Bytes as a message carries them. */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
export const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
