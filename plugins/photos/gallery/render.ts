import { SIZES, type Size } from './contract.ts';
import { limitConcurrency } from './limit-concurrency.ts';

/**
 * Makes a WebP of the size asked for, upright.
 * @param orientation EXIF value to go by where the picture has none of its own, as the previews inside RAW files
 * @throws Error when the picture cannot be decoded
 */
export type Render = (picture: Buffer, size: Size, orientation?: number) => Promise<Buffer>;

/** The largest panoramas have less; more is a mistake or an attack. */
const MOST_PIXELS = 0x3fff ** 2;
/** A progressive JPEG is decoded as a whole, which takes some 6 bytes a pixel: 300 MB. */
const MOST_PROGRESSIVE_PIXELS = 50_000_000;
const QUALITY: Readonly<Record<Size, number>> = { tile: 72, screen: 80 };
/** Degrees clockwise. Cameras turn pictures but never mirror them. */
const TURNS: Readonly<Record<number, number>> = { 3: 180, 6: 90, 8: 270 };

/**
 * Loads sharp, a native library.
 * @throws Error when it is not installed or does not load here
 */
export async function loadRenderer(): Promise<Render> {
  const { default: sharp } = await import('sharp');
  // One thread a picture and no memory of past ones: the process stays small, and the cache on disk is the memory.
  sharp.concurrency(1);
  sharp.cache(false);
  const alone = limitConcurrency(1);
  return async (picture, size, orientation = 1) => {
    // A card pulled too early leaves half a picture, and half a picture tells more than none.
    const source = sharp(picture, { failOn: 'none', limitInputPixels: MOST_PIXELS, sequentialRead: true });
    const { orientation: own, isProgressive, width, height } = await source.metadata();
    if (isProgressive && width * height > MOST_PROGRESSIVE_PIXELS) throw new Error('too large a progressive picture');
    const upright = own === undefined ? source.rotate(TURNS[orientation] ?? 0) : source.autoOrient();
    const edge = SIZES[size];
    const draw = () =>
      upright
        .resize(edge, edge, size === 'tile' ? { fit: 'cover' } : { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: QUALITY[size], effort: 3 })
        .toBuffer();
    return isProgressive ? alone(draw) : draw();
  };
}
