/** What a boot log says, in the field names of the command `decode`. `null` = not printed, or not readable. */

export type Role = 'cm' | 'linux';
export type Verdict = 'good' | 'bad' | 'not_checkable';

export type Boot = {
  readonly role: Role;
  /** Line of the transcript it starts at, 1 for the first. */
  readonly line: number;
  readonly chip: string | null;
  readonly chip_id: string | null;
  readonly mem_mib: number | null;
  readonly bootloader: Bootloader | null;
  readonly spi: Spi | null;
  /** Of all chips together. */
  readonly flash_bytes: number | null;
  /** Of the parameters inside the boot block. */
  readonly parameter_offset: number | null;
  /** As printed, hex. */
  readonly pid: string | null;
  /** By index. */
  readonly images: readonly Image[];
  /** In the order printed. */
  readonly partitions: readonly Partition[];
  readonly linux?: { readonly version: string | null; readonly cmdline: string | null };
  /** Each once, in the order of first appearance. */
  readonly prompts: readonly string[];
  readonly events: readonly BootEvent[];
  readonly checks: readonly Check[];
};

export type Bootloader = {
  readonly version: string | null;
  readonly flags: readonly string[];
  /** Local time of the builder, without a zone: `2012-03-24T14:04:50`. */
  readonly built: string | null;
};

export type Spi = {
  /** JEDEC id. */
  readonly id: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes. */
  readonly block: number;
  /** Bytes. */
  readonly write_buffer: number;
  readonly flags: number;
};

/** The fields of a printed program header. */
export type ImageHeader = {
  /** As printed, hex; so are the other strings of hex below. */
  readonly signature: string | null;
  readonly control: string | null;
  readonly major: number | null;
  readonly minor: number | null;
  /** ISO 8601, UTC. */
  readonly built: string | null;
  /** Payload bytes, without the header's 92. */
  readonly length: number | null;
  readonly load_address: string | null;
  readonly filename: string | null;
  readonly hcs: string | null;
  readonly crc: string | null;
};

export type Image = ImageHeader & {
  readonly index: number;
  readonly dual: boolean | null;
  /** In the flash. */
  readonly offset: number | null;
  readonly hcs_verdict: Verdict;
  /** Hex; absent where it cannot be computed. */
  readonly hcs_computed?: string;
};

export type Partition = { readonly name: string; readonly size: number; readonly offset: number };

export type EventName =
  | 'boot_started'
  | 'boot_finished'
  | 'boot_loop'
  | 'image_failed'
  | 'executing_image'
  | 'menu'
  | 'login_prompt'
  | 'console_disabled'
  | 'crash';

export type BootEvent = {
  readonly name: EventName;
  /** Of the transcript, 1 for the first. */
  readonly line: number;
  readonly text: string;
};

export type Check = {
  readonly check: 'hcs' | 'fits' | 'offset' | 'map';
  /** What is checked: `image 1`, `partition map`. */
  readonly subject: string;
  readonly verdict: Verdict;
  readonly detail: string;
};

/** Where a boot is. */
export type Phase = 'bootloader' | 'menu' | 'ecos' | 'linux' | 'console' | 'login' | 'silent' | 'crashed';
