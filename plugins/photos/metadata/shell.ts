import { type Position, toRationals } from './position.ts';

/** What "copy as command" is given; an absent field stays out of the command. */
export interface Described {
  readonly title?: string;
  readonly caption?: string;
  readonly position?: Position;
}

/**
 * The exiv2 command line that writes the same into files, for pasting into a shell.
 * @param files paths; names that begin with a dash are safe
 */
export function exiv2Command(described: Described, files: readonly string[]): string {
  const { title, caption, position } = described;
  const edits: string[] = [];
  if (position !== undefined) {
    const { latitude, longitude, altitude } = position;
    edits.push(
      `set Exif.GPSInfo.GPSLatitude ${toRationals(latitude)}`,
      `set Exif.GPSInfo.GPSLatitudeRef ${latitude < 0 ? 'S' : 'N'}`,
      `set Exif.GPSInfo.GPSLongitude ${toRationals(longitude)}`,
      `set Exif.GPSInfo.GPSLongitudeRef ${longitude < 0 ? 'W' : 'E'}`,
      'set Exif.GPSInfo.GPSMapDatum WGS-84',
    );
    if (altitude !== undefined) {
      edits.push(
        `set Exif.GPSInfo.GPSAltitude ${Math.round(Math.abs(altitude) * 100)}/100`,
        `set Exif.GPSInfo.GPSAltitudeRef ${altitude < 0 ? 1 : 0}`,
      );
    }
  }
  if ((title ?? caption) !== undefined) edits.push('set Iptc.Envelope.CharacterSet String \u001b%G');
  if (title !== undefined) {
    edits.push(`set Iptc.Application2.ObjectName String ${title}`, `set Xmp.dc.title LangAlt lang=x-default ${title}`);
  }
  if (caption !== undefined) {
    edits.push(
      `set Iptc.Application2.Caption String ${caption}`,
      `set Exif.Image.ImageDescription Ascii ${caption}`,
      `set Xmp.dc.description LangAlt lang=x-default ${caption}`,
    );
  }
  return ['exiv2', ...edits.map((edit) => `-M ${quote(edit)}`), ...files.map(fileArgument)].join(' ');
}

/** The same for ExifTool. */
export function exiftoolCommand(described: Described, files: readonly string[]): string {
  const { title, caption, position } = described;
  const options = ['-overwrite_original', '-P'];
  if (position !== undefined) {
    const { latitude, longitude, altitude } = position;
    // A signed value in the Ref tag is how ExifTool takes the sign.
    for (const [tag, degrees] of [
      ['GPSLatitude', latitude],
      ['GPSLongitude', longitude],
    ] as const) {
      options.push(`-EXIF:${tag}=${Math.abs(degrees)}`, `-EXIF:${tag}Ref=${degrees}`);
    }
    options.push('-EXIF:GPSMapDatum=WGS-84', '-EXIF:GPSProcessingMethod=MANUAL');
    if (altitude !== undefined) {
      options.push(`-EXIF:GPSAltitude=${Math.abs(altitude)}`, `-EXIF:GPSAltitudeRef#=${altitude < 0 ? 1 : 0}`);
    }
  }
  if ((title ?? caption) !== undefined) options.push('-codedcharacterset=utf8');
  if (title !== undefined) options.push(`-IPTC:ObjectName=${title}`, `-XMP-dc:Title=${title}`);
  if (caption !== undefined) {
    options.push(
      `-IPTC:Caption-Abstract=${caption}`,
      `-EXIF:ImageDescription=${caption}`,
      `-XMP-dc:Description=${caption}`,
    );
  }
  return ['exiftool', ...options.map(quote), ...files.map(fileArgument)].join(' ');
}

/** A word for a POSIX shell: as it is where that is safe, else in single quotes. */
export const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A file name can then not be taken for an option. */
const fileArgument = (path: string): string => quote(path.startsWith('-') ? `./${path}` : path);
