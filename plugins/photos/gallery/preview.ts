import type { Tags } from '../metadata/description.ts';
import { type ExifTool, ExifToolError } from '../metadata/exiftool.ts';
import type { Preview } from './thumbnails.ts';

/** Where cameras keep a JPEG of what they recorded; a file has up to four of them in different sizes. */
const PREVIEWS = ['JpgFromRaw', 'PreviewImage', 'OtherImage', 'ThumbnailImage'];
/** How ExifTool writes bytes into JSON. */
const BASE64 = 'base64:';

/**
 * The largest picture inside a file that is none of its own: a RAW photo, a HEIC one, some films. Undefined when there
 * is none.
 * @throws ExifToolMissingError
 */
export async function readPreview(exiftool: ExifTool, path: string): Promise<Preview | undefined> {
  const tags = await exiftool
    .read(path, ['-b', '-IFD0:Orientation', ...PREVIEWS.map((tag) => `-${tag}`)])
    .catch((error: unknown): Tags => {
      if (error instanceof ExifToolError) return {}; // not a file it knows: there is nothing in it to show
      throw error;
    });
  const images = Object.entries(tags)
    .filter(([name]) => PREVIEWS.includes(name.split(':').at(-1) ?? ''))
    .map(([, value]) => (typeof value === 'string' && value.startsWith(BASE64) ? value.slice(BASE64.length) : ''));
  const largest = images.reduce((most, image) => (image.length > most.length ? image : most), '');
  if (largest === '') return undefined;
  const orientation = tags['IFD0:Orientation'];
  return {
    image: Buffer.from(largest, 'base64'),
    ...(typeof orientation === 'number' && { orientation }),
  };
}
