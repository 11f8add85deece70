/** What goes between a console and a terminal that shows it: JSON, one message a line. Bytes are base64. */

/** How the port is; `open`, or why it is not. */
export interface PortView {
  readonly state: string;
  readonly reason?: string;
  readonly advice?: string;
}

/** Shown to the terminal. */
export type ToTerminal =
  /** First of all; `client` names this connection where answers come by another way. */
  | { readonly type: 'hello'; readonly client: string; readonly console: string; readonly name: string }
  | { readonly type: 'output'; readonly bytes: string }
  /** The terminal was too slow for so many bytes; the recording has them. */
  | { readonly type: 'skipped'; readonly bytes: number }
  | {
      readonly type: 'state';
      readonly port: PortView;
      /** Who has the keyboard, and whether that is this terminal. */
      readonly writer: { readonly name: string; readonly way: string; readonly you: boolean } | null;
    };

/** Asked by the terminal; each is answered with an `Answer`. */
export type FromTerminal =
  | { readonly type: 'take'; readonly take_over?: boolean }
  | { readonly type: 'release' }
  | { readonly type: 'keys'; readonly bytes: string; readonly confirmed?: boolean }
  | { readonly type: 'paste'; readonly text: string; readonly line_delay_ms: number }
  | { readonly type: 'break'; readonly milliseconds?: number };

export type Answer =
  | { readonly type: 'answer'; readonly ok: true }
  | {
      readonly type: 'answer';
      readonly ok: false;
      /** `keyboard_busy`, `keyboard_lost`, `refused`, `device_not_open`, ... */
      readonly code: string;
      readonly error: string;
      /** What was refused, where the guard did. */
      readonly key?: string;
    };
