import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Changes,
  type Container,
  containerOf,
  fitBytes,
  planTags as planTidied,
  tidyChanges,
} from '../../../../plugins/photos/metadata/tags.ts';

const planTags = (changes: Changes, container: Container) => planTidied(tidyChanges(changes), container);

describe('the tags that carry a change', () => {
  test('a title and a caption go into IPTC, XMP and EXIF in step, declared as UTF-8', () => {
    expect(planTags({ title: 'Café', caption: 'Im Schnee' }, 'exif_iptc_xmp')).toEqual({
      tags: {
        'XMP-dc:Title': 'Café',
        'IPTC:ObjectName': 'Café',
        'XMP-dc:Description': 'Im Schnee',
        'IPTC:Caption-Abstract': 'Im Schnee',
        'EXIF:ImageDescription': 'Im Schnee',
        'IPTC:CodedCharacterSet': 'UTF8',
        'Photoshop:IPTCDigest': 'new',
      },
      shortened: [],
    });
  });

  test('a named point carries no time; south and west are positive with their letter', () => {
    const { tags } = planTags({ position: { latitude: -33.5, longitude: -70.25, altitude: -3 } }, 'exif_xmp');
    expect(tags).toMatchObject({
      'EXIF:GPSLatitude': 33.5,
      'EXIF:GPSLatitudeRef': 'S',
      'EXIF:GPSLongitude': 70.25,
      'EXIF:GPSLongitudeRef': 'W',
      'EXIF:GPSAltitude': 3,
      'EXIF:GPSAltitudeRef': 'Below Sea Level',
      'EXIF:GPSMapDatum': 'WGS-84',
      'EXIF:GPSProcessingMethod': 'MANUAL',
    });
    expect(Object.keys(tags).filter((tag) => /Stamp/.test(tag))).toEqual([]);
  });

  test('a position of a track carries the time of its fix in UTC', () => {
    const { tags } = planTags(
      { position: { latitude: 1, longitude: 2 }, gpsTime: Date.UTC(2016, 1, 3, 11, 0, 5, 250) },
      'exif_iptc_xmp',
    );
    expect(tags).toMatchObject({
      'EXIF:GPSDateStamp': '2016:02:03',
      'EXIF:GPSTimeStamp': '11:00:05.250',
      'EXIF:GPSProcessingMethod': 'GPS',
      'EXIF:GPSAltitude': null,
      'XMP-exif:GPSLatitude': null,
    });
  });

  test('IPTC is cut to its bytes and says so; XMP holds the whole', () => {
    const title = 'é'.repeat(40);
    const { tags, shortened } = planTags({ title, keywords: ['日本'.repeat(20), 'ok'] }, 'exif_iptc_xmp');
    expect(tags['IPTC:ObjectName']).toBe('é'.repeat(32));
    expect(tags['XMP-dc:Title']).toBe(title);
    expect(tags['IPTC:Keywords']).toEqual([`${'日本'.repeat(10)}日`, 'ok']);
    expect(shortened).toEqual(['IPTC:ObjectName', 'IPTC:Keywords']);
  });

  test('an empty text and an empty list remove, an absent one leaves alone', () => {
    expect(planTags({ caption: ' \n', keywords: [] }, 'xmp').tags).toEqual({
      'XMP-dc:Description': null,
      'XMP-dc:Subject': null,
    });
  });

  test('texts are tidied: NFC, LF, no control characters, keywords once each', () => {
    const { tags } = planTags({ caption: 'e\u0301\r\nb\u0000\u0007', keywords: ['a', ' a', '', 'b'] }, 'xmp');
    expect(tags).toEqual({ 'XMP-dc:Description': 'é\nb', 'XMP-dc:Subject': ['a', 'b'] });
  });

  test('video gets XMP and QuickTime keys', () => {
    const { tags } = planTags({ title: 'T', position: { latitude: -1.5, longitude: 2 } }, 'quicktime');
    expect(tags).toMatchObject({
      'XMP-dc:Title': 'T',
      'Keys:Title': 'T',
      'XMP-exif:GPSLatitude': -1.5,
      'Keys:GPSCoordinates': '-1.5, 2, 0',
    });
  });

  test('RAW and old video formats are not written in place', () => {
    expect(['a.jpg', 'A.JPEG', 'a.tif', 'a.dng', 'a.HEIC', 'a.mp4', 'a.MOV'].map(containerOf)).not.toContain(undefined);
    expect(['a.cr2', 'a.CR3', 'a.nef', 'a.rw2', 'a.avi', 'a.mts', 'a'].map(containerOf)).toEqual(
      Array(7).fill(undefined),
    );
  });
});

test('a text cut to bytes is a start of it, fits, and holds whole characters only', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 0, max: 80 }), (text, most) => {
      const fitted = fitBytes(text, most);
      expect(text.startsWith(fitted)).toBe(true);
      expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(most);
      expect(Buffer.from(fitted).toString()).toBe(fitted);
    }),
  );
  expect(fitBytes('👨‍👩‍👧!', 18)).toBe('👨‍👩‍👧');
  expect(fitBytes('👨‍👩‍👧!', 17)).toBe('');
});
