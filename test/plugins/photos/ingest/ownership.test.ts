import { describe, expect, it } from 'vitest';
import { folderMode, groupId, setOwnership } from '../../../../plugins/photos/ingest/ownership.ts';
import { writeCard } from '../../../support/camera-files.ts';
import { temporaryFolder } from '../../../support/hub.ts';

describe('ownership', () => {
  it('lets into a folder who may read its files', () => {
    expect([0o644, 0o640, 0o600, 0o664].map(folderMode)).toEqual([0o755, 0o750, 0o700, 0o775]);
  });

  it('is set as far as the file system has it', async () => {
    const refusing = (code: string) => async () => {
      throw Object.assign(new Error(code), { code });
    };
    const fat = { chmod: refusing('EPERM'), chown: refusing('EPERM') };
    await expect(setOwnership(fat, 0o644, 100)).resolves.toBeUndefined();
    const broken = { chmod: refusing('EIO'), chown: refusing('EIO') };
    await expect(setOwnership(broken, 0o644, 100)).rejects.toMatchObject({ code: 'EIO' });
  });

  it('finds groups by name and number', async () => {
    const folder = await writeCard(await temporaryFolder(), { group: 'root:x:0:\nphoto:x:1004:anna\n' });
    expect(await groupId('photo', `${folder}/group`)).toBe(1004);
    expect(await groupId('100', `${folder}/group`)).toBe(100);
    expect(await groupId('phot', `${folder}/group`)).toBeUndefined();
  });
});
