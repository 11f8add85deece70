/** Prompts have no end of line: what is typed, or another thread's text, follows on the same line. */

const BOOTLOADER: readonly RegExp[] = [
  /Enter '1', '2', or 'p' within \d+ seconds or take default\.\.\./,
  /Board (?:IP Address|IP Mask|IP Gateway|MAC Address|TFTP Server IP Address)\s*\[[^\]]*\]:/,
  /Internal\/External phy\? \(e\/i\/a\)\[\w\]/,
  /(?:Read|Write) memory\. {1,2}Hex address:/,
  /Hex value:/,
  /\(0-\d\)\[\d\]:/,
  /Jump to arbitrary address \(hex\):/,
  /MODE=[\dA-F]{4}: Enter new value:/,
  /Enter (?:filename \[[^\]]*\]|sector offset in SPI flash|region number):/,
  /\S[^?]{3,80}\? \[n\]/,
];
const LOGIN = /^(?!\s*[Ll]ast )(?:\s*\S+)?\s*(?<!\w)(?:[Ll]ogin|[Uu]sername):\s*\S*$/;
const PASSWORD = /^\s*[Pp]assword:/;
/** Privileged prompts carry a path that may contain spaces; `CM/Console>` only looks like one. */
const ECOS = /^(?:(?:CM[_/]|RG[_/])?Console|(?:CM|RG)(?:\/[\w ]{1,40})*)>/;

export type PromptKind = 'bootloader' | 'login' | 'password' | 'ecos';
export interface Prompt {
  readonly kind: PromptKind;
  /** As printed, without what was typed. */
  readonly text: string;
}

/** The prompt in a line, whether or not the line has ended. */
export function matchPrompt(text: string): Prompt | undefined {
  for (const pattern of BOOTLOADER) {
    const match = pattern.exec(text);
    if (match) return { kind: 'bootloader', text: match[0] };
  }
  if (LOGIN.test(text)) return { kind: 'login', text: text.slice(0, text.lastIndexOf(':') + 1).trim() };
  if (PASSWORD.test(text)) return { kind: 'password', text: text.slice(0, text.indexOf(':') + 1).trim() };
  const ecos = ECOS.exec(text);
  return ecos ? { kind: 'ecos', text: ecos[0] } : undefined;
}
