import type { Needs } from '../plugins/contract.ts';

/** What the service is to run and for whom. */
export interface ServicePlan {
  /** Absolute paths of Node and of the built command line. */
  readonly node: string;
  readonly cupboard: string;
  readonly dataDir: string;
  readonly user: string;
  /** What the configured plugins need, by id. */
  readonly needs: Readonly<Record<string, Needs>>;
}

/** Files of the service by absolute path. */
export type ServiceFiles = Readonly<Record<string, string>>;

export const UNIT = 'cupboard.service';
export const UNIT_FILE = `/etc/systemd/system/${UNIT}`;
export const DROP_IN_FOLDER = `${UNIT_FILE}.d`;
const UDEV_FOLDER = '/etc/udev/rules.d';
const POLKIT_FOLDER = '/etc/polkit-1/rules.d';
/** Seconds without a sign of life after which systemd restarts the hub. */
const WATCHDOG_SECONDS = 60;

/** Protections that the hub itself lives with; a plugin that does not takes them away by its drop-in. */
const PROTECTIONS = {
  ProtectSystem: 'full',
  ProtectKernelTunables: 'yes',
  ProtectKernelModules: 'yes',
  ProtectKernelLogs: 'yes',
  ProtectControlGroups: 'yes',
  ProtectClock: 'yes',
  ProtectHostname: 'yes',
  RestrictRealtime: 'yes',
  RestrictSUIDSGID: 'yes',
  RestrictNamespaces: 'yes',
  PrivateTmp: 'yes',
} as const;

/**
 * The systemd unit, hardened as far as the plugins that are configured allow, a drop-in a plugin that needs more, and
 * the rules for udev and polkit. Sources: systemd.exec(5), systemd.service(5), systemd.resource-control(5).
 */
export function renderService(plan: ServicePlan): ServiceFiles {
  const plugins = Object.entries(plan.needs);
  return Object.fromEntries([
    [UNIT_FILE, unit(plan)],
    ...plugins.flatMap(([id, needs]) => file(`${DROP_IN_FOLDER}/${id}.conf`, dropIn(needs))),
    ...plugins.flatMap(([id, { udev }]) => file(rulesFile(UDEV_FOLDER, id), udev)),
    ...plugins.flatMap(([id, { polkit }]) => file(rulesFile(POLKIT_FOLDER, id), polkit)),
  ]);
}

const rulesFile = (folder: string, id: string) => `${folder}/60-cupboard-${id}.rules`;
const file = (path: string, lines: readonly string[]) => (lines.length === 0 ? [] : [[path, text(lines)] as const]);
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;

function unit({ node, cupboard, dataDir, user }: ServicePlan): string {
  return text([
    '[Unit]',
    'Description=Cupboard home hub',
    'After=network.target local-fs.target',
    '',
    '[Service]',
    'Type=notify',
    // The hub tells systemd through systemd-notify, which is a process of its own.
    'NotifyAccess=all',
    `WatchdogSec=${WATCHDOG_SECONDS}`,
    `ExecStart=${[node, cupboard, 'start', '--data', dataDir].map(quote).join(' ')}`,
    `User=${user}`,
    'Restart=always',
    'RestartSec=2',
    'TimeoutStopSec=15',
    'UMask=0027',
    'NoNewPrivileges=yes',
    ...Object.entries(PROTECTIONS).map(([name, value]) => `${name}=${value}`),
    'CapabilityBoundingSet=',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]);
}

/** What one plugin needs beyond the unit; empty = nothing. Lists of several drop-ins add up. */
function dropIn({ groups, capabilities, privileged, unprotected, delegate }: Needs): string[] {
  const bounds = [...capabilities, ...privileged];
  const settings = [
    ...(groups.length > 0 ? [`SupplementaryGroups=${groups.join(' ')}`] : []),
    ...(bounds.length > 0 ? [`CapabilityBoundingSet=${bounds.join(' ')}`] : []),
    ...(capabilities.length > 0 ? [`AmbientCapabilities=${capabilities.join(' ')}`] : []),
    ...unprotected.map((name) => `${name}=no`),
    ...(delegate ? ['Delegate=yes'] : []),
  ];
  return settings.length === 0 ? [] : ['[Service]', ...settings];
}

/** systemd.service(5), "Command lines": quotes, and the percent sign of its specifiers. */
const quote = (argument: string) => {
  const escaped = argument.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : JSON.stringify(escaped);
};
