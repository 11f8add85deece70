import { type Look, PLAIN, renderAnsi } from '../ansi.ts';
import { type LogLine, parseLine } from './log-window.ts';

/** Draws lines of a console into a list, each by itself: thousands of them cost no more than those that change. */
export class LineDrawer {
  readonly #list: HTMLElement;
  readonly #clock: Intl.DateTimeFormat;
  readonly #elements = new Map<number, HTMLElement>();
  /** How the last line ended. */
  #look: Look = PLAIN;
  #marked: HTMLElement | undefined;

  constructor(list: HTMLElement, timezone: string) {
    this.#list = list;
    this.#clock = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeStyle: 'medium' });
  }

  has(offset: number): boolean {
    return this.#elements.has(offset);
  }

  append(lines: readonly LogLine[]): void {
    const { fragment, look } = this.#draw(lines, this.#look);
    this.#look = look;
    this.#list.append(fragment);
  }

  prepend(lines: readonly LogLine[]): void {
    this.#list.prepend(this.#draw(lines, PLAIN).fragment);
  }

  dropFirst(count: number): void {
    for (let gone = 0; gone < count; gone++) this.#drop(this.#list.firstElementChild);
  }

  dropLast(count: number): void {
    for (let gone = 0; gone < count; gone++) this.#drop(this.#list.lastElementChild);
    if (count > 0) this.#look = PLAIN;
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#elements.clear();
    this.#look = PLAIN;
  }

  /** Scrolls to the first line that begins at `offset` or after it. */
  reveal(offset: number): void {
    const found = [...this.#elements].find(([start]) => start >= offset);
    if (found) this.#scrollTo(found[1]);
  }

  /** Shows where a line is; `undefined` = nowhere. */
  mark(offset: number | undefined): void {
    this.#marked?.classList.remove('marked');
    this.#marked = offset === undefined ? undefined : this.#elements.get(offset);
    this.#marked?.classList.add('marked');
    if (this.#marked) this.#scrollTo(this.#marked);
  }

  /** Moves the console alone; `scrollIntoView` would move the page too. */
  #scrollTo(element: HTMLElement): void {
    const frame = this.#list.parentElement!;
    frame.scrollTop = element.offsetTop - frame.clientHeight / 3;
  }

  #draw(lines: readonly LogLine[], before: Look): { fragment: DocumentFragment; look: Look } {
    const fragment = document.createDocumentFragment();
    let look = before;
    for (const line of lines) {
      const { time, text } = parseLine(line.text);
      const rendered = renderAnsi(text, look);
      look = rendered.look;
      const element = document.createElement('div');
      element.className = 'line';
      element.dataset['offset'] = String(line.offset);
      element.append(span(time === undefined ? '' : this.#clock.format(time), 'time'));
      const words = span('', 'text');
      for (const piece of rendered.pieces) words.append(span(piece.text, classesOf(piece.look)));
      // An empty line keeps its height, also when it is copied.
      if (rendered.pieces.length === 0) words.append('\n');
      element.append(words);
      this.#elements.set(line.offset, element);
      fragment.append(element);
    }
    return { fragment, look };
  }

  #drop(element: Element | null): void {
    if (!(element instanceof HTMLElement)) return;
    this.#elements.delete(Number(element.dataset['offset']));
    element.remove();
  }
}

/** Text, never markup: a console may say anything. */
function span(text: string, classes: string): HTMLElement {
  const element = document.createElement('span');
  if (classes !== '') element.className = classes;
  element.textContent = text;
  return element;
}

function classesOf({ foreground, background, inverse, ...styles }: Look): string {
  const [ink, ground] = inverse ? [background, foreground ?? 7] : [foreground, background];
  const names = Object.keys(styles);
  if (ink !== undefined) names.push(`ink-${ink % 8}`);
  if (ground !== undefined) names.push(`ground-${ground % 8}`);
  return names.join(' ');
}
