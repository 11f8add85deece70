import { expect, it } from 'vitest';
import { wrongSchedule } from '../../../plugins/photo-backup/config.ts';

it('names the schedule that is none', () => {
  expect(wrongSchedule({ schedule: '0 3 * * *', drill: '' })).toBeUndefined();
  expect(wrongSchedule({ schedule: '0 3 * * *', drill: 'monthly' })).toContain('drill is no schedule');
  expect(wrongSchedule({ schedule: '', drill: '0 4 1 * *' })).toContain('schedule is no schedule');
  expect(wrongSchedule({ schedule: '0 25 * * *', drill: '' })).toContain('schedule is no schedule');
});
