import { describe, expect, it } from 'vitest';
import { chooseDate, timeInName } from '../../../../plugins/photos/ingest/choose-date.ts';

const now = Date.UTC(2026, 10, 22);
const at = { now, timezone: 'Europe/Berlin' };
const original = (text: string, offset?: string) => ({ from: 'DateTimeOriginal', text, ...(offset && { offset }) });

describe('the capture date', () => {
  it('is the wall clock as the camera wrote it, its zone kept beside it', () => {
    expect(chooseDate([original('2016:02:01 00:30:00', '+09:00')], at)).toEqual({
      captured: '2016-02-01T00:30:00',
      from: 'DateTimeOriginal',
      offset: '+09:00',
    });
  });

  it('is taken from XMP forms too', () => {
    expect(chooseDate([original('2005-08-03T18:59:18.50-04:00')], at)).toEqual({
      captured: '2005-08-03T18:59:18',
      from: 'DateTimeOriginal',
      offset: '-04:00',
    });
  });

  it('is what the clock at home showed when the file knows UTC only', () => {
    const times = [{ from: 'MediaCreateDate', text: '2016:07:31 23:30:00', utc: true as const }];
    expect(chooseDate(times, at)).toEqual({ captured: '2016-08-01T01:30:00', from: 'MediaCreateDate' });
  });

  it.each([
    ['0000:00:00 00:00:00', 'is no date'],
    ['    :  :     :  :  ', 'is no date'],
    ['2016:02:30 12:00:00', 'is no date'],
    ['2016:13:01 12:00:00', 'is no date'],
    ['2016:02:01 24:00:00', 'is no date'],
    ['1989:12:31 23:59:59', 'lies before 1990'],
    ['1970:01:01 00:00:00', 'lies before 1990'],
    ['2000:01:01 00:00:00', 'never set'],
    ['2026:11:24 00:00:01', 'in the future'],
    ['2099:05:05 05:05:05', 'in the future'],
  ])('is not %s', (text, reason) => {
    const chosen = chooseDate([original(text)], at);
    expect(chosen).toEqual({ refused: [expect.stringContaining(reason)] });
  });

  it('is the next one when the first is refused', () => {
    const times = [original('0000:00:00 00:00:00'), { from: 'CreateDate', text: '2016:02:01 12:00:00' }];
    expect(chooseDate(times, at)).toEqual({ captured: '2016-02-01T12:00:00', from: 'CreateDate' });
  });

  it('may be two days ahead, for a camera east of here', () => {
    expect(chooseDate([original('2026:11:23 13:00:00')], at)).toMatchObject({ captured: '2026-11-23T13:00:00' });
  });
});

describe('a time in a name', () => {
  it.each([
    ['IMG_20160201_123456.jpg', '2016:02:01 12:34:56'],
    ['20160201_123456.mp4', '2016:02:01 12:34:56'],
    ['Screenshot_2016-02-01-12-34-56.png', '2016:02:01 12:34:56'],
    ['VID_20160201_123456789.mp4', '2016:02:01 12:34:56'],
  ])('is found in %s', (name, text) => {
    expect(timeInName(name)).toEqual({ from: 'name', text });
  });

  it.each(['P1010001.JPG', 'IMG_1234.JPG', 'DSC01234.ARW', 'IMG-20160201-WA0001.jpg', 'PXL_20160201_123456789.jpg'])(
    'is not read out of %s',
    (name) => {
      expect(timeInName(name)).toBeUndefined();
    },
  );
});
