import { describe, expect, it } from 'vitest';
import { matcherOf, metresBetween, type Searchable } from '../../../plugins/photos/gallery/search.ts';

const PHOTO: Searchable = {
  path: '2016-W05/P1010001.JPG',
  captured: '2016-02-05T14:03:00',
  camera: 'Panasonic DMC-TZ70',
  title: 'Straße',
  caption: 'Emma finds a crab',
  keywords: '["sea","Porthmeor"]',
  latitude: 50.2134,
  longitude: -5.4801,
  week_title: 'Half-term',
};
const PLACES = { Home: { latitude: 50.2134, longitude: -5.481 }, 'The Alps': { latitude: 46.5, longitude: 8 } };
const fits = (query: string, photo: Searchable = PHOTO) => matcherOf(query, PLACES)?.(photo);

describe('a search', () => {
  it.each([
    ...['emma', 'CRAB', 'emma crab', 'crab emma', 'porthmeor', 'half-term', 'panasonic', 'p1010001', 'tz70'],
    ...['2016', '2016-02', '2016-02-05', '2016-W05', '2016-w05', 'february', 'feb', 'emma feb 2016'],
    ...['home', 'emma home', '"finds a crab"', 'straße'],
  ])('for %s finds it', (query) => expect(fits(query)).toBe(true));

  it.each([
    ...['whale', 'emma whale', '2017', '2016-03', 'march', 'fe', 'alps', '"a crab finds"', '"emma sea"', '14:03'],
  ])('for %s does not', (query) => expect(fits(query)).toBe(false));

  it('for nothing is none', () => {
    expect(matcherOf('', PLACES)).toBeUndefined();
    expect(matcherOf(' "" ', PLACES)).toBeUndefined();
  });

  it('does without what a picture does not say', () => {
    const bare = { captured: null, camera: null, title: null, caption: null, keywords: null, week_title: null };
    expect(fits('home', { path: 'undated/A.JPG', ...bare, latitude: null, longitude: null })).toBe(false);
    expect(fits('undated', { path: 'undated/A.JPG', ...bare, latitude: null, longitude: null })).toBe(true);
  });
});

it('measures along the great circle', () => {
  const [london, paris] = [
    { latitude: 51.5007, longitude: -0.1246 },
    { latitude: 48.8584, longitude: 2.2945 },
  ];
  expect(metresBetween(london, paris) / 1000).toBeCloseTo(340.6, 0);
  expect(metresBetween({ latitude: 0, longitude: 179.999 }, { latitude: 0, longitude: -179.999 })).toBeCloseTo(222, 0);
});
