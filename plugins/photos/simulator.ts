import { access, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A made-up card for the demo: real JPEGs with dates and positions, as a camera would have left them. */

const DAY = 86_400_000;
const WIDTH = 1440;
const HEIGHT = 1080;

interface Scene {
  /** Degrees as the three numbers of EXIF, and which half of the world. */
  readonly latitude: readonly [degrees: number, minutes: number, seconds: number, ref: 'N' | 'S'];
  readonly longitude: readonly [degrees: number, minutes: number, seconds: number, ref: 'E' | 'W'];
  /** Of the hills, the furthest first. */
  readonly ground: readonly string[];
  /** Height of the hills, as a share of the picture. */
  readonly relief: number;
  readonly water: boolean;
}

const COAST: Scene = {
  latitude: [50, 12, 48, 'N'],
  longitude: [5, 28, 48, 'W'],
  ground: ['#7c93a8', '#5f8271', '#3f6650'],
  relief: 0.1,
  water: true,
};
const MOUNTAINS: Scene = {
  latitude: [46, 35, 6, 'N'],
  longitude: [8, 0, 18, 'E'],
  ground: ['#a9b4c6', '#74859b', '#4d6157', '#31473a'],
  relief: 0.3,
  water: false,
};

/** The outings of the last weeks: so many days ago, so many pictures. */
const OUTINGS = [
  { daysAgo: 38, scene: COAST, pictures: 6 },
  { daysAgo: 30, scene: COAST, pictures: 5 },
  { daysAgo: 24, scene: MOUNTAINS, pictures: 8 },
  { daysAgo: 17, scene: MOUNTAINS, pictures: 6 },
  { daysAgo: 9, scene: COAST, pictures: 7 },
  { daysAgo: 2, scene: COAST, pictures: 5 },
] as const;

/**
 * Puts the card's folders below `folder`, all at once; a card that is there already stays as it is.
 * @param now epoch ms; the pictures are of the weeks before
 */
export async function simulateCard(folder: string, now: number): Promise<void> {
  const camera = join(folder, 'DCIM');
  if (await exists(camera)) return;
  const unfinished = join(folder, '.DCIM');
  await rm(unfinished, { recursive: true, force: true });
  for (const { path, time, jpeg } of await drawPictures(now)) {
    const file = join(unfinished, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, jpeg);
    await utimes(file, time, time);
  }
  await rename(unfinished, camera);
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function drawPictures(now: number) {
  const midnight = now - (now % DAY);
  let number = 0;
  const pictures = OUTINGS.flatMap(({ daysAgo, scene, pictures: count }) =>
    Array.from({ length: count }, (_, index) => {
      number += 1;
      // From the morning into the evening light.
      const time = new Date(midnight - daysAgo * DAY + (8 + (11 * index) / (count - 1)) * 3_600_000 + number * 97_000);
      return { scene, number, time, light: index / (count - 1) };
    }),
  );
  return Promise.all(
    pictures.map(async ({ scene, number: shot, time, light }) => ({
      path: `101_DEMO/P101${String(shot).padStart(4, '0')}.JPG`,
      time,
      jpeg: await encode(drawScene(scene, shot, light), time, scene, shot),
    })),
  );
}

/** The camera's clock shows the hub's UTC: nobody knows better of a made-up place. */
async function encode(svg: string, time: Date, scene: Scene, shot: number): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const taken = time.toISOString().slice(0, 19).replaceAll('-', ':').replace('T', ' ');
  // A few paces on with every picture.
  const position = ([degrees, minutes, seconds]: Scene['latitude'] | Scene['longitude']) =>
    `${degrees}/1 ${minutes}/1 ${seconds * 100 + shot * 7}/100`;
  const exif = {
    IFD0: { Make: 'Cupboard', Model: 'Simulated camera', DateTime: taken },
    IFD2: { DateTimeOriginal: taken, DateTimeDigitized: taken },
    IFD3: {
      GPSLatitudeRef: scene.latitude[3],
      GPSLatitude: position(scene.latitude),
      GPSLongitudeRef: scene.longitude[3],
      GPSLongitude: position(scene.longitude),
    },
  };
  return sharp(Buffer.from(svg)).withExif(exif).jpeg({ quality: 85 }).toBuffer();
}

/** @param light 0 = morning, 1 = evening */
function drawScene(scene: Scene, shot: number, light: number): string {
  const [zenith, horizon] = light < 0.75 ? ['#3f7fc0', '#cfe3f2'] : ['#3b3f78', '#f2a65e'];
  const sun = { x: WIDTH * (0.15 + 0.7 * light), y: HEIGHT * (0.14 + 0.9 * (light - 0.45) ** 2) };
  const horizonAt = HEIGHT * 0.58;
  const hills = scene.ground.map((color, index) => {
    const depth = (index + 1) / scene.ground.length;
    const top = horizonAt + HEIGHT * 0.34 * (depth - 0.35) - (scene.water ? 0 : HEIGHT * 0.06);
    return `<path fill="${color}" d="${ridge(shot * 8 + index, top, HEIGHT * scene.relief * (1.1 - depth * 0.7))}"/>`;
  });
  const [far = '', ...near] = hills;
  const water = scene.water
    ? `<rect y="${horizonAt}" width="${WIDTH}" height="${HEIGHT}" fill="${light < 0.75 ? '#3d7ea0' : '#6a5a80'}"/>`
    : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="${zenith}"/><stop offset=".6" stop-color="${horizon}"/></linearGradient>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    <circle cx="${sun.x}" cy="${sun.y}" r="120" fill="#fff6d5" opacity=".25"/>
    <circle cx="${sun.x}" cy="${sun.y}" r="52" fill="#fff3c4"/>
    ${far}${water}${near.join('')}
  </svg>`;
}

/** The outline of a range of hills: sines that do not repeat within the picture, closed below it. */
function ridge(seed: number, top: number, height: number): string {
  const phase = (part: number) => ((seed * 2_654_435_761 * part) % 1000) / 159;
  const points = Array.from({ length: 73 }, (_, index) => {
    const x = (index * WIDTH) / 72;
    const waves = [1, 2, 3].map((part) => Math.sin((x / WIDTH) * 5.3 * part ** 1.3 + phase(part)) / part ** 1.2);
    return `${x.toFixed(0)},${(top - (height * waves.reduce((sum, wave) => sum + wave)) / 2).toFixed(0)}`;
  });
  return `M0,${HEIGHT} L${points.join(' L')} L${WIDTH},${HEIGHT} Z`;
}
