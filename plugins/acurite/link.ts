import type { Report, Status } from './decode.ts';

/** How the way from the outdoor sensor to the hub is doing. */
export const LINK_STATES = [
  'ok',
  'starting',
  'unplugged',
  'no_driver',
  'no_permission',
  'silent',
  'no_sensor',
  'sensor_lost',
  'bit_slip',
] as const;
export type LinkState = (typeof LINK_STATES)[number];

/** Why a read brought no report. `silent`: the console is there and does not answer. */
export type Failure = Extract<LinkState, 'unplugged' | 'no_driver' | 'no_permission' | 'silent'>;

/** What is known about the link: a fold over reports, failures and resets. */
export interface Link {
  /** Of the last read; absent when it brought a report. */
  readonly failure?: { readonly kind: Failure; readonly detail: string };
  /** What the last outdoor report that could be read said about the sensor. */
  readonly sensor?: 'ok' | 'no_sensor' | 'sensor_lost';
  /** In a row. */
  readonly silences: number;
  readonly slips: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly reset?: Reset;
}

/** A reset of the console's USB port. */
export interface Reset {
  /** Epoch ms. */
  readonly time: number;
  /** `undecided` until the next answer, or its absence, shows whether it helped. */
  readonly outcome: 'undecided' | 'helped' | 'useless' | 'impossible';
  readonly detail?: string;
}

export const NEW_LINK: Link = { silences: 0, slips: 0, accepted: 0, rejected: {} };

const TROUBLES_BEFORE_RESET = 3;
const MS_BETWEEN_RESETS = 3_600_000;

/** A report came; `refusal` names why the plugin does not take one that decodes well. */
export function observeReport(link: Link, report: Report | undefined, refusal?: string): Link {
  const { failure: _, ...rest } = link;
  const slipped = report?.status === 'bit_slip';
  const taken = report?.readings !== undefined && refusal === undefined;
  const status = report?.status ?? 'invalid';
  const reason = refusal ?? (status === 'ok' ? undefined : status);
  const sensor = report?.report === 1 ? SENSOR_VERDICTS[report.status] : undefined;
  return {
    ...rest,
    silences: 0,
    slips: slipped ? link.slips + 1 : 0,
    accepted: link.accepted + (taken ? 1 : 0),
    rejected: reason === undefined ? link.rejected : { ...link.rejected, [reason]: (link.rejected[reason] ?? 0) + 1 },
    ...(sensor && { sensor }),
    ...(link.reset && { reset: judgeReset(link.reset, slipped) }),
  };
}

/** Garbage says nothing about the sensor. */
const SENSOR_VERDICTS: Readonly<Partial<Record<Status, NonNullable<Link['sensor']>>>> = {
  ok: 'ok',
  out_of_range: 'ok',
  no_sensor: 'no_sensor',
  stale: 'sensor_lost',
};

export function observeFailure(link: Link, kind: Failure, detail: string): Link {
  return {
    ...link,
    failure: { kind, detail },
    silences: kind === 'silent' ? link.silences + 1 : 0,
    // Pulling the plug is the cure of a slip.
    slips: kind === 'unplugged' ? 0 : link.slips,
    ...(link.reset && kind === 'silent' && { reset: judgeReset(link.reset, true) }),
  };
}

export const observeReset = (link: Link, reset: Reset): Link => ({ ...link, reset });

/** After three slips or silences in a row, at most once an hour. */
export function wantsReset(link: Link, now: number): boolean {
  const troubled = Math.max(link.slips, link.silences) >= TROUBLES_BEFORE_RESET;
  return troubled && (link.reset === undefined || now - link.reset.time >= MS_BETWEEN_RESETS);
}

function judgeReset(reset: Reset, troubled: boolean): Reset {
  return reset.outcome === 'undecided' ? { ...reset, outcome: troubled ? 'useless' : 'helped' } : reset;
}

export function linkState(link: Link): LinkState {
  return link.failure?.kind ?? (link.slips > 0 ? 'bit_slip' : (link.sensor ?? 'starting'));
}

/** What is wrong, in a few words; empty for `ok` and `starting`. */
export const LINK_REASONS: Readonly<Record<LinkState, string>> = {
  ok: '',
  starting: '',
  unplugged: 'no console found',
  no_driver: 'the USB library is missing',
  no_permission: 'not permitted to open the console',
  silent: 'the console does not answer',
  no_sensor: 'the console hears no outdoor sensor',
  sensor_lost: 'the console has lost the outdoor sensor',
  bit_slip: 'the console shifts every byte by one bit',
};

/** By default the kernel gives the raw USB node (libusb, port reset) and the hidraw node to root alone. */
export const UDEV_RULE = [
  'SUBSYSTEM=="usb", ATTRS{idVendor}=="24c0", ATTRS{idProduct}=="0003", MODE="0660", GROUP="plugdev"',
  'KERNEL=="hidraw*", ATTRS{idVendor}=="24c0", ATTRS{idProduct}=="0003", MODE="0660", GROUP="plugdev"',
].join('\n');

const REPLUG = 'Pull the USB plug and put it back.';

/** What to do; empty when there is nothing to do. */
export function linkAdvice(link: Link): string {
  const detail = link.failure ? `${link.failure.detail}. ` : '';
  switch (linkState(link)) {
    case 'ok':
      return '';
    case 'starting':
      return 'Waiting for the first outdoor report; the sensor sends one every 18 seconds.';
    case 'unplugged':
      return `${detail}Plug the console into USB. If it is, put a powered USB hub in between: many ports do not talk to its old, slow kind of USB.`;
    case 'no_driver':
      return `${detail}Install it with "apt-get install libusb-1.0-0 libudev1".`;
    case 'no_permission':
      return `${detail}Put these lines into /etc/udev/rules.d/60-acurite.rules, add the hub's user to the group plugdev, run "udevadm control --reload" and plug the console in again:\n${UDEV_RULE}`;
    case 'silent':
      return `${detail}Set the console to USB mode 4 with its buttons: after a power cut many are back in mode 2, which is silent on USB. If it is in mode 4: ${REPLUG}${resetNote(link.reset)}`;
    case 'no_sensor':
      return 'Check the batteries of the outdoor sensor, and that the channel switches (A, B, C) of sensor and console agree.';
    case 'sensor_lost':
      return 'The console repeats the last report it heard, which is not used. Check the batteries of the outdoor sensor and its distance.';
    case 'bit_slip':
      return `Only taking USB power away ends this. ${REPLUG}${resetNote(link.reset)}`;
  }
}

function resetNote(reset: Reset | undefined): string {
  if (!reset) return '';
  const notes = {
    undecided: 'The USB port has just been reset.',
    helped: 'A reset of the USB port helped the last time.',
    useless: 'A reset of the USB port did not help.',
    impossible: `The USB port could not be reset: ${reset.detail ?? 'not permitted'}.`,
  };
  return ` ${notes[reset.outcome]}`;
}
