/**
 * Read-only keeps the dirty flag, the access times and the camera's own free-space count as they are; the rest keeps a
 * stranger's card from bringing programs or devices along.
 */
const EVERY = ['ro', 'nosuid', 'nodev', 'noexec'];

/**
 * What each file system wants besides. FAT keeps local time without a zone: read as UTC, a file has the same time in
 * summer and in winter. Without `noload` ext4 would replay its journal, which writes, even when mounted read-only.
 */
const PARTICULAR: Readonly<Record<string, readonly string[]>> = {
  vfat: ['utf8', 'shortname=mixed', 'tz=UTC'],
  exfat: ['iocharset=utf8'],
  ext4: ['noload'],
  ext3: ['noload'],
  ext2: [],
};

/** Is this a file system that cards carry and that can be read without writing to it? */
export const isMountable = (type: string) => type in PARTICULAR;

/** Options for mount(8). */
export function mountOptions(type: string): string {
  return [...EVERY, ...(PARTICULAR[type] ?? [])].join(',');
}

/** Options for UDisks2, which adds its own for FAT and refuses those it does not know. */
export function udisksOptions(type: string): string {
  return [...EVERY, ...(type.startsWith('ext') ? (PARTICULAR[type] ?? []) : [])].join(',');
}
