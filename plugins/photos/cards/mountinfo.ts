/** One line of /proc/self/mountinfo, as proc(5) describes it. */
export interface Mount {
  /** Unique among the mounts of a moment; used again after an unmount. */
  readonly id: number;
  /** `major:minor`; major 0 where no block device is behind it (tmpfs, NFS). */
  readonly device: string;
  readonly point: string;
  /** `vfat`, `ext4`, ... */
  readonly type: string;
  /** `/dev/sdb1`, or whatever the file system calls its source. */
  readonly source: string;
}

/** Reads the text of /proc/self/mountinfo; a line cut off or malformed is left out. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    // A number of optional fields that varies, closed by a lone hyphen, stands between the two halves.
    const [front = '', back = ''] = line.split(' - ');
    const [id, , device, , point] = front.split(' ');
    const [type, source, options] = back.split(' ');
    if (!id || !device || !point || !type || source === undefined || options === undefined) return [];
    return [{ id: Number(id), device, point: decodeOctal(point), type, source: decodeOctal(source) }];
  });
}

/** The kernel writes space, tab, line feed, backslash and # as three octal digits. */
const decodeOctal = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
