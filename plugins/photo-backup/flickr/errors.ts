/** Why Flickr did not do what was asked, as topics and the page name it. */
export type FlickrState =
  | 'not_connected'
  | 'archive_missing'
  | 'bad_key'
  | 'bad_token'
  | 'bad_signature'
  | 'clock_skew'
  | 'no_permission'
  | 'limit'
  | 'flickr_down'
  | 'unreachable'
  | 'unclear'
  | 'empty'
  | 'unknown_type'
  | 'video_limit'
  | 'too_large'
  | 'duplicate'
  | 'missing'
  | 'gone'
  | 'refused';

/** An answer of Flickr, or the lack of one, translated. The message never holds a key, a token or a signature. */
export class FlickrError extends Error {
  /** Flickr's own number, where it gave one. */
  readonly number: number | undefined;
  /** The photo that is there already, where Flickr names it. */
  readonly duplicateOf: string | undefined;

  constructor(
    readonly state: FlickrState,
    message: string,
    more: ErrorOptions & { readonly number?: number; readonly duplicateOf?: string | undefined } = {},
  ) {
    super(message, more);
    this.name = 'FlickrError';
    this.number = more.number;
    this.duplicateOf = more.duplicateOf;
  }
}

/** States that concern one photo only; with any other the next photo would fare no better. */
const OF_ONE_PHOTO: ReadonlySet<FlickrState> = new Set([
  'empty',
  'unknown_type',
  'video_limit',
  'too_large',
  'duplicate',
  'missing',
  'gone',
  'refused',
]);
/** States that pass without anybody doing anything. */
const PASSING: ReadonlySet<FlickrState> = new Set([
  'archive_missing',
  'flickr_down',
  'unreachable',
  'unclear',
  'limit',
]);

export const concernsOnePhoto = ({ state }: FlickrError): boolean => OF_ONE_PHOTO.has(state);
export const passes = ({ state }: FlickrError): boolean => PASSING.has(state);

/** One line for people about each state. */
export const ADVICE: Readonly<Record<FlickrState, string>> = {
  not_connected: 'Connect with Flickr on the page of photo-backup.',
  archive_missing: 'Mount the disk of the archive; sharing goes on by itself.',
  bad_key: 'Check flickr.api_key: Flickr does not know it.',
  bad_token: 'Connect with Flickr anew: the permission was withdrawn or belongs to another key.',
  bad_signature: 'Check flickr.api_secret.',
  clock_skew: 'The clock of this machine is wrong: switch time synchronisation on (timedatectl set-ntp true).',
  no_permission: 'Connect with Flickr anew and allow writing.',
  limit: 'The account has reached its upload limit; sharing goes on by itself when Flickr allows.',
  flickr_down: 'Flickr is out of service; sharing goes on by itself.',
  unreachable: 'Is the line down? Sharing goes on by itself.',
  unclear: 'Flickr did not say whether the upload arrived; it is looked up before it is sent again.',
  empty: 'The file is empty.',
  unknown_type: 'Flickr takes JPEG, PNG, GIF, TIFF, HEIC and common videos, no RAW.',
  video_limit: 'The account may not take more or longer videos.',
  too_large: 'Flickr takes photos up to 200 MB and videos up to 1 GB.',
  duplicate: 'Flickr has this photo already, but cannot find it yet; share it again later.',
  missing: 'The file is not in the archive: run verify of photos.',
  gone: 'It was deleted on Flickr; share it again to send it once more.',
  refused: 'Flickr refused it; see the reason.',
};

/** Error numbers that mean the same for every method (documents "Uploading Photos" and "Error codes"). */
const GENERAL: Readonly<Record<number, FlickrState>> = {
  95: 'refused',
  96: 'bad_signature',
  97: 'bad_signature',
  98: 'bad_token',
  99: 'no_permission',
  100: 'bad_key',
  105: 'flickr_down',
  106: 'flickr_down',
};
/** Numbers of the upload alone; below 95 every method has its own. */
const UPLOAD: Readonly<Record<number, FlickrState>> = {
  2: 'refused',
  3: 'refused',
  4: 'empty',
  5: 'unknown_type',
  6: 'limit',
  7: 'video_limit',
  8: 'too_large',
  9: 'duplicate',
};

export function stateOf(number: number, isUpload = false): FlickrState {
  return GENERAL[number] ?? (isUpload ? UPLOAD[number] : undefined) ?? 'refused';
}

/** `oauth_problem` of an OAuth answer (OAuth Problem Reporting extension). */
export function stateOfProblem(problem: string): FlickrState {
  if (problem === 'timestamp_refused') return 'clock_skew';
  if (problem === 'signature_invalid') return 'bad_signature';
  if (problem === 'consumer_key_unknown' || problem === 'consumer_key_rejected') return 'bad_key';
  if (/^(token|verifier|permission)_/.test(problem)) return 'bad_token';
  return 'refused';
}
