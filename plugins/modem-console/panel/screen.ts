import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { type ITheme, Terminal } from '@xterm/xterm';
import { withConstructedStyles } from './constructed-styles.ts';
import { Harmless } from './harmless.ts';

const SCROLLBACK = 10_000;
/** Sequences that ask the emulator for an answer; it is silent even if one got through. */
const QUERIES = [
  { final: 'c' },
  { prefix: '>', final: 'c' },
  { prefix: '=', final: 'c' },
  { final: 'n' },
  { prefix: '?', final: 'n' },
  { intermediates: '$', final: 'p' },
  { prefix: '?', intermediates: '$', final: 'p' },
  { final: 't' },
];

/** xterm.js as a console's screen: shows bytes made harmless, tells what is typed or pasted. */
export class Screen {
  readonly element = document.createElement('div');
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  #removeStyles: () => void = () => undefined;
  readonly #resize = new ResizeObserver(() => this.#fitSoon());
  #harmless = new Harmless();

  constructor(theme: 'light' | 'dark', onTyped: (text: string) => void, onPasted: (text: string) => void) {
    this.element.className = 'screen';
    this.#terminal = new Terminal({
      convertEol: true,
      cursorBlink: false,
      disableStdin: true,
      fontFamily: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 13,
      lineHeight: 1.2,
      screenReaderMode: false,
      scrollback: SCROLLBACK,
      theme: THEMES[theme],
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    for (const query of QUERIES) this.#terminal.parser.registerCsiHandler(query, () => true);
    this.#terminal.onData(onTyped);
    // A paste is sent line by line, not as typing: in the capture phase, before the emulator sees it.
    this.element.addEventListener(
      'paste',
      (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        const text = event.clipboardData?.getData('text/plain') ?? '';
        if (text !== '' && this.isWriting) onPasted(text);
      },
      { capture: true },
    );
  }

  /** Once the element is in the page: the emulator measures its font. */
  open(): void {
    this.#removeStyles = withConstructedStyles(() => this.#terminal.open(this.element));
    this.#terminal.textarea?.setAttribute('aria-label', 'Console: what is typed here is sent to the modem');
    this.#resize.observe(this.element);
    this.#fitSoon();
  }

  get isWriting(): boolean {
    return this.#terminal.options.disableStdin === false;
  }

  /** A spectator's keys stay here. */
  setWriting(isWriting: boolean): void {
    this.#terminal.options.disableStdin = !isWriting;
    this.#terminal.options.cursorBlink = isWriting;
    if (isWriting) this.#terminal.focus();
  }

  show(bytes: Uint8Array): void {
    this.#terminal.write(this.#harmless.take(bytes));
  }

  /** A line of ours, told from the console's. */
  note(text: string): void {
    this.#terminal.write(`\r\n\x1b[7m ${text} \x1b[0m\r\n`);
  }

  clear(): void {
    this.#harmless = new Harmless();
    this.#terminal.reset();
  }

  find(text: string, direction: 'next' | 'previous'): boolean {
    return direction === 'next' ? this.#search.findNext(text) : this.#search.findPrevious(text);
  }

  close(): void {
    this.#resize.disconnect();
    this.#terminal.dispose();
    this.#removeStyles();
  }

  #fitSoon(): void {
    requestAnimationFrame(() => {
      if (this.element.isConnected) this.#fit.fit();
    });
  }
}

/** The ANSI colours need values, not tokens: these fit the page's two themes. */
const THEMES: Readonly<Record<'light' | 'dark', ITheme>> = {
  light: {
    background: '#f6faf7',
    foreground: '#1d2b26',
    cursor: '#23614b',
    selectionBackground: '#bfe0cf',
    black: '#1d2b26',
    red: '#9b2c22',
    green: '#22683a',
    yellow: '#7c5a10',
    blue: '#245a94',
    magenta: '#7a3a8c',
    cyan: '#1b6670',
    white: '#5b6b64',
    brightBlack: '#5b6b64',
    brightRed: '#b3362a',
    brightGreen: '#2a7d48',
    brightYellow: '#8c6716',
    brightBlue: '#2e6cae',
    brightMagenta: '#8e48a1',
    brightCyan: '#227985',
    brightWhite: '#1d2b26',
  },
  dark: {
    background: '#10211c',
    foreground: '#dfeae3',
    cursor: '#8fd8b4',
    selectionBackground: '#2f5e4d',
    black: '#10211c',
    red: '#f0968a',
    green: '#8fd8a4',
    yellow: '#e3c479',
    blue: '#9cc6ee',
    magenta: '#d9aee6',
    cyan: '#8ed3dc',
    white: '#c7d5cd',
    brightBlack: '#8fa198',
    brightRed: '#f7b0a6',
    brightGreen: '#aee6bd',
    brightYellow: '#efd69a',
    brightBlue: '#bcd9f5',
    brightMagenta: '#e8c8f1',
    brightCyan: '#b2e3ea',
    brightWhite: '#f2f8f4',
  },
};
