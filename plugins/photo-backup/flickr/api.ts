import type { Account } from './account.ts';
import { FlickrError } from './errors.ts';
import { type FlickrTag, keywordsOf, machineTag } from './tags.ts';
import type { Transport } from './transport.ts';

export type Visibility = 'private' | 'family' | 'friends' | 'public';

/** What goes to Flickr with a photo. */
export interface Upload {
  /** Absolute. */
  readonly path: string;
  /** Of the file as the camera made it: it stays the same when metadata is written into the archive's copy. */
  readonly sha256: string;
  readonly title: string;
  readonly description: string;
}

/** The few of Flickr's methods that sharing needs. Each may throw FlickrError. */
export interface FlickrApi {
  /** The id of the photo that bears our machine tag. Flickr finds a new photo only after some seconds. */
  find(sha256: string, signal: AbortSignal): Promise<string | undefined>;
  upload(photo: Upload, signal: AbortSignal): Promise<string>;
  locate(id: string, latitude: number, longitude: number, signal: AbortSignal): Promise<void>;
  /** The album with this title; `undefined` when there is none. */
  findAlbum(title: string, signal: AbortSignal): Promise<string | undefined>;
  /** An album cannot be empty. */
  createAlbum(title: string, firstPhoto: string, signal: AbortSignal): Promise<string>;
  /** Answers false when the album is gone. */
  addToAlbum(album: string, photo: string, signal: AbortSignal): Promise<boolean>;
  keywords(id: string, signal: AbortSignal): Promise<string[]>;
  albumUrl(album: string): string;
}

const PER_PAGE = 500;
/** Error numbers of single methods, from their pages in the App Garden. */
const NO_ALBUM = 1;
const IN_ALBUM_ALREADY = 3;
const NO_PHOTO: Readonly<Record<string, number>> = {
  'photos.geo.setLocation': 1,
  'photos.getInfo': 1,
  'photosets.create': 2,
  'photosets.addPhoto': 2,
};

export function openApi(transport: Transport, account: Account, visibility: Visibility): FlickrApi {
  async function call<T>(method: string, parameters: Record<string, string>, signal: AbortSignal): Promise<T> {
    try {
      return await transport.call<T>(`flickr.${method}`, parameters, account.grant(), signal);
    } catch (error) {
      const isGone = error instanceof FlickrError && error.number !== undefined && error.number === NO_PHOTO[method];
      throw isGone ? new FlickrError('gone', error.message, { cause: error }) : error;
    }
  }
  return {
    async find(sha256, signal) {
      const asked = { user_id: 'me', machine_tags: machineTag(sha256), per_page: '1' };
      const answer = await call<{ photos: { photo: { id: string }[] } }>('photos.search', asked, signal);
      return answer.photos.photo[0]?.id;
    },
    upload: ({ path, sha256, title, description }, signal) => {
      const parameters = {
        ...(title !== '' && { title }),
        ...(description !== '' && { description }),
        tags: machineTag(sha256),
        is_public: visibility === 'public' ? '1' : '0',
        is_friend: visibility === 'friends' ? '1' : '0',
        is_family: visibility === 'family' ? '1' : '0',
        dedup_check: '1',
      };
      return transport.upload(path, parameters, account.grant(), signal);
    },
    async locate(id, latitude, longitude, signal) {
      await call('photos.geo.setLocation', { photo_id: id, lat: String(latitude), lon: String(longitude) }, signal);
    },
    async findAlbum(title, signal) {
      for (let page = 1; ; page += 1) {
        const asked = { per_page: String(PER_PAGE), page: String(page) };
        const { photosets } = await call<AlbumPage>('photosets.getList', asked, signal);
        const found = photosets.photoset.find((album) => album.title._content === title);
        if (found !== undefined) return found.id;
        if (page >= Number(photosets.pages ?? 1)) return undefined;
      }
    },
    async createAlbum(title, firstPhoto, signal) {
      const asked = { title, primary_photo_id: firstPhoto };
      return (await call<{ photoset: { id: string } }>('photosets.create', asked, signal)).photoset.id;
    },
    async addToAlbum(album, photo, signal) {
      try {
        await call('photosets.addPhoto', { photoset_id: album, photo_id: photo }, signal);
      } catch (error) {
        const number = error instanceof FlickrError ? error.number : undefined;
        if (number === NO_ALBUM) return false;
        if (number !== IN_ALBUM_ALREADY) throw error;
      }
      return true;
    },
    async keywords(id, signal) {
      const answer = await call<{ photo: { tags: { tag: FlickrTag[] } } }>('photos.getInfo', { photo_id: id }, signal);
      return keywordsOf(answer.photo.tags.tag);
    },
    albumUrl: (album) => `https://www.flickr.com/photos/${account.grant().user}/albums/${album}`,
  };
}

interface AlbumPage {
  readonly photosets: {
    readonly pages?: number | string;
    readonly photoset: readonly { readonly id: string; readonly title: { readonly _content: string } }[];
  };
}
