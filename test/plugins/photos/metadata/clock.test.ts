import { describe, expect, test } from 'vitest';
import { shiftDates, shiftWallClock } from '../../../../plugins/photos/metadata/clock.ts';

describe('a camera clock that was wrong', () => {
  test('moves every date the clock set, keeping fractions and zones', () => {
    const tags = {
      'ExifIFD:DateTimeOriginal': '2016:02:28 23:30:00',
      'ExifIFD:CreateDate': '2016:02:28 23:30:00',
      'IFD0:ModifyDate': '2016:02:28 23:30:00',
      'XMP-photoshop:DateCreated': '2016:02:28 23:30:00.25+01:00',
      'IPTC:DateCreated': '2016:02:28',
      'IPTC:TimeCreated': '23:30:00+01:00',
      'GPS:GPSDateStamp': '2016:02:28',
    };
    expect(shiftDates(tags, 3600)).toEqual({
      'EXIF:DateTimeOriginal': '2016:02:29 00:30:00',
      'EXIF:CreateDate': '2016:02:29 00:30:00',
      'EXIF:ModifyDate': '2016:02:29 00:30:00',
      'XMP-photoshop:DateCreated': '2016:02:29 00:30:00.25+01:00',
      'IPTC:DateCreated': '2016:02:29',
      'IPTC:TimeCreated': '00:30:00+01:00',
    });
  });

  test('leaves alone when somebody edited the file later, and what is no date', () => {
    const tags = { 'ExifIFD:DateTimeOriginal': '2016:02:03 12:00:00', 'IFD0:ModifyDate': '2019:01:01 10:00:00' };
    expect(shiftDates(tags, -60)).toEqual({ 'EXIF:DateTimeOriginal': '2016:02:03 11:59:00' });
    expect(shiftDates({ 'ExifIFD:DateTimeOriginal': '0000:00:00 00:00:00' }, 60)).toEqual({});
  });

  test('goes over leap days and years on the calendar, not through any zone', () => {
    expect(shiftWallClock('2016-03-27T01:59:59', 1)).toBe('2016-03-27T02:00:00');
    expect(shiftWallClock('2016-01-01T00:00:00', -1)).toBe('2015-12-31T23:59:59');
    expect(shiftWallClock('undated', 1)).toBeUndefined();
  });
});
