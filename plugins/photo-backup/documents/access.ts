/** How a person reaches one target: what README.txt, the letter and `readers` are written from. */
export interface Access {
  /** Name of the target in the config. */
  readonly target: string;
  /** What it is, for people: `a Google Cloud Storage bucket called family-photos`. */
  readonly what: string;
  /** Opens in a browser, where there is such a page. */
  readonly link?: string;
  /** What to do without any knowledge, a sentence a step. */
  readonly steps: readonly string[];
  /** Fetches everything; for whoever helps. */
  readonly download: readonly string[];
}

/** Where a target's files lie, as far as a reader must know. */
export type Place =
  | { readonly type: 'directory'; readonly path: string }
  | {
      readonly type: 's3';
      readonly bucket: string;
      readonly prefix: string;
      readonly endpoint?: string;
      readonly region?: string;
    }
  | { readonly type: 'gcs'; readonly bucket: string; readonly prefix: string }
  | { readonly type: 'rclone'; readonly remote: string };

export function accessOf(target: string, place: Place): Access {
  switch (place.type) {
    case 'directory':
      return {
        target,
        what: `a folder on a disk: ${place.path}`,
        steps: [
          'Find the disk or network drive that holds this folder.',
          'Copy the whole folder to your own computer.',
        ],
        download: [`cp -a ${quote(place.path)} photos`],
      };
    case 'gcs': {
      const url = `gs://${joined(place.bucket, place.prefix)}`;
      return {
        target,
        what: `a Google Cloud Storage bucket called ${place.bucket}`,
        link: `https://console.cloud.google.com/storage/browser/${joined(place.bucket, place.prefix).split('/').map(encodeURIComponent).join('/')}`,
        steps: [
          'Sign in to Google with the account that was given access.',
          'Open the link. You see one folder a week. Click a folder, click a file, choose Download.',
          'To fetch everything at once, click the icon "Activate Cloud Shell" or install the Google Cloud CLI and run the command below.',
        ],
        download: [`mkdir photos && gcloud storage rsync --recursive ${quote(url)} photos`],
      };
    }
    case 's3': {
      const url = `s3://${joined(place.bucket, place.prefix)}`;
      const endpoint = place.endpoint === undefined ? '' : ` --endpoint-url ${quote(place.endpoint)}`;
      return {
        target,
        what: `an S3 bucket called ${place.bucket}${place.endpoint === undefined ? '' : ` at ${place.endpoint}`}`,
        ...(place.endpoint === undefined && {
          link: `https://s3.console.aws.amazon.com/s3/buckets/${encodeURIComponent(place.bucket)}?prefix=${encodeURIComponent(folder(place.prefix))}`,
        }),
        steps: [
          'Sign in with the user name and password, or the key, that was given to you.',
          'To fetch everything at once, install the AWS CLI, enter the key with "aws configure" and run the command below.',
        ],
        download: [`aws s3 sync ${quote(url)} photos${endpoint}`],
      };
    }
    case 'rclone':
      return {
        target,
        what: `the storage that rclone calls ${place.remote}`,
        steps: [
          'If it is Dropbox, Google Drive or the like: sign in there in a browser and download the folder.',
          'Else install rclone (https://rclone.org), set the storage up with "rclone config" and run the command below.',
        ],
        download: [`rclone copy ${quote(place.remote)} photos`],
      };
  }
}

/** A word for a POSIX shell, quoted where it must be. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const joined = (bucket: string, prefix: string): string =>
  [bucket, prefix.replace(/\/+$/, '')].filter(Boolean).join('/');
const folder = (prefix: string): string => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`);
