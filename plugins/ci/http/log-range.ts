/** Bytes `from` up to, not including, `to`. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What a `Range` header asks for of `size` bytes (RFC 9110, 14.2): `undefined` = all of it, also for a header that is
 * no single range of bytes, which a server may ignore; `'unsatisfiable'` = 416.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (!found) return undefined;
  const [, first = '', last = ''] = found;
  if (first === '' && last === '') return undefined;
  if (first === '')
    return Number(last) > 0 && size > 0 ? { from: Math.max(0, size - Number(last)), to: size } : 'unsatisfiable';
  const from = Number(first);
  if (last !== '' && Number(last) < from) return undefined;
  return from < size ? { from, to: last === '' ? size : Math.min(Number(last) + 1, size) } : 'unsatisfiable';
}
