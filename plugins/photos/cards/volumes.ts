/** A partition, or a disk without any, that carries a file system. */
export interface Volume {
  /** `major:minor`. */
  readonly device: string;
  /** `/dev/sdb1` */
  readonly path: string;
  /** `vfat`, `exfat`, `ext4`, ...; as blkid names it. */
  readonly type: string;
  /** FAT and exFAT: the serial number, `1234-ABCD`. */
  readonly uuid?: string;
  /** The name given when it was formatted. */
  readonly label?: string;
  readonly bytes: number;
  /** Can be pulled: removable by its own word, or on a bus that hot-plugs; and nothing of the system lives on its disk. */
  readonly removable: boolean;
  readonly mounted: boolean;
}

/** The columns of lsblk that `parseVolumes` reads. */
export const LSBLK_COLUMNS = 'PATH,MAJ:MIN,TYPE,FSTYPE,UUID,LABEL,RM,HOTPLUG,SIZE,MOUNTPOINTS';

interface Row {
  readonly path: string;
  readonly 'maj:min': string;
  readonly type: string;
  readonly fstype: string | null;
  readonly uuid: string | null;
  readonly label: string | null;
  readonly rm: boolean;
  readonly hotplug: boolean;
  readonly size: number;
  readonly mountpoints: readonly (string | null)[];
  readonly children?: readonly Row[];
}

/** Reads what `lsblk --json --bytes --output LSBLK_COLUMNS` prints. @throws SyntaxError where it is not JSON */
export function parseVolumes(text: string): Volume[] {
  const { blockdevices } = JSON.parse(text) as { blockdevices: readonly Row[] };
  return blockdevices.flatMap((disk) => {
    const rows = withChildren(disk);
    // A small board runs from an SD card: hot-plugged by its bus, and still nobody's camera card.
    const isSystem = rows.some((row) => row.mountpoints.some((point) => point !== null && isSystemPoint(point)));
    const removable = (disk.rm || disk.hotplug) && !isSystem;
    return rows.flatMap((row) => volumeOf(row, removable));
  });
}

const withChildren = (row: Row): Row[] => [row, ...(row.children ?? []).flatMap(withChildren)];

function volumeOf(row: Row, removable: boolean): Volume[] {
  // Members of a RAID, volume group or encrypted disk have children or another type; they are somebody else's.
  const isPlain = ['disk', 'part', 'loop', 'rom'].includes(row.type) && !row.children?.length;
  if (!isPlain || row.fstype === null || row.size === 0) return [];
  return [
    {
      device: row['maj:min'].trim(),
      path: row.path,
      type: row.fstype,
      ...(row.uuid !== null && { uuid: row.uuid }),
      ...(row.label !== null && { label: row.label }),
      bytes: row.size,
      removable,
      mounted: row.mountpoints.some((point) => point !== null),
    },
  ];
}

function isSystemPoint(point: string): boolean {
  return point === '/' || point === '[SWAP]' || /^\/(boot|efi|usr|var|home|opt|srv)(\/|$)/.test(point);
}
