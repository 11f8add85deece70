import type { TargetSettings } from '../config.ts';

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

/** @param place as the target names itself: the absolute path of a directory, `gs://bucket/prefix` */
export function accessOf(settings: TargetSettings, place: string): Access {
  const { name: target, bucket = '', prefix, endpoint, remote = '' } = settings;
  const folder = [bucket, prefix.replace(/\/+$/, '')].filter(Boolean).join('/');
  switch (settings.type) {
    case 'directory':
      return {
        target,
        what: `a folder on a disk: ${place}`,
        steps: [
          'Find the disk or network drive that holds this folder.',
          'Copy the whole folder to your own computer.',
        ],
        download: [`cp -a ${quote(place)} photos`],
      };
    case 'gcs':
      return {
        target,
        what: `a Google Cloud Storage bucket called ${bucket}`,
        link: `https://console.cloud.google.com/storage/browser/${folder.split('/').map(encodeURIComponent).join('/')}`,
        steps: [
          'Sign in to Google with the account that was given access.',
          'Open the link. You see one folder a week. Click a folder, click a file, choose Download.',
          'To fetch everything at once, click the icon "Activate Cloud Shell" or install the Google Cloud CLI and run the command below.',
        ],
        download: [`mkdir photos && gcloud storage rsync --recursive ${quote(`gs://${folder}`)} photos`],
      };
    case 's3':
      return {
        target,
        what: `an S3 bucket called ${bucket}${endpoint === undefined ? '' : ` at ${endpoint}`}`,
        ...(endpoint === undefined && {
          link: `https://s3.console.aws.amazon.com/s3/buckets/${encodeURIComponent(bucket)}`,
        }),
        steps: [
          'Sign in with the user name and password, or the key, that was given to you.',
          'To fetch everything at once, install the AWS CLI, enter the key with "aws configure" and run the command below.',
        ],
        download: [
          `aws s3 sync ${quote(`s3://${folder}`)} photos${endpoint === undefined ? '' : ` --endpoint-url ${quote(endpoint)}`}`,
        ],
      };
    case 'rclone':
      return {
        target,
        what: `the storage that rclone calls ${remote}`,
        steps: [
          'If it is Dropbox, Google Drive or the like: sign in there in a browser and download the folder.',
          'Else install rclone (https://rclone.org), set the storage up with "rclone config" and run the command below.',
        ],
        download: [`rclone copy ${quote(remote)} photos`],
      };
  }
}

/** A word for a POSIX shell, quoted where it must be. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
