import { type CommandResult, errorText, type Hub, type JsonObject } from 'cupboard/sdk';
import type { Backup } from './backup.ts';
import type { Config } from './config.ts';
import type { Engine } from './engine.ts';
import { TargetError } from './targets/errors.ts';
import type { Uploader } from './uploader.ts';

/** Named in one answer; asking for a week at a time tells the rest. */
const MOST_FINDINGS = 1000;

interface Named {
  readonly target?: string;
}

/** The commands about targets: run, pause, resume, mark, verify, status. */
export function engineCommands(hub: Hub<Config>, { places }: Backup, { uploaders, sync }: Engine): void {
  /** The uploader named, or all. */
  const chosen = (target?: string): readonly Uploader[] => {
    const found = target === undefined ? uploaders : uploaders.filter(({ name }) => name === target);
    if (found.length > 0) return found;
    const names = uploaders.map(({ name }) => name).join(', ') || 'none is complete';
    throw new Error(`no such target: expected one of ${names}`);
  };
  /** Asks each and answers `{ok, targets: {name: answer}}`; ok when all are. */
  const each = async (
    { target }: Named,
    ask: (uploader: Uploader) => Promise<JsonObject> | JsonObject,
  ): Promise<CommandResult> => {
    const answers = await Promise.all(
      chosen(target).map(async (uploader): Promise<[string, JsonObject]> => {
        try {
          return [uploader.name, { ok: true, ...(await ask(uploader)) }];
        } catch (error) {
          const kind = error instanceof TargetError ? { kind: error.kind } : {};
          return [uploader.name, { ok: false, error: errorText(error), ...kind }];
        }
      }),
    );
    const failed = answers.filter(([, { ok }]) => ok !== true);
    const targets = Object.fromEntries(answers);
    if (failed.length === 0) return { ok: true, targets };
    return { ok: false, error: failed.map(([name, { error }]) => `${name}: ${error}`).join('; '), targets };
  };

  hub.command<Named & { dry_run: boolean; rewrites: boolean }>('run', async (args) => {
    await sync();
    return each(args, async (uploader) => {
      const result = await (args.dry_run ? uploader.plan(args.rewrites) : uploader.runNow(args.rewrites));
      const { nextAt, failed, ...counts } = result;
      const answer = { ...counts, failed, next: Number.isFinite(nextAt) ? nextAt : null };
      return failed === 0 ? answer : { ...answer, ok: false, error: `${failed} files failed: see status` };
    });
  });
  for (const [name, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    hub.command<Named>(name, (args) =>
      each(args, (uploader) => {
        uploader.pause(paused);
        return { paused };
      }),
    );
  }
  hub.command<{ target: string }>('mark', (args) =>
    each(args, async (uploader) => {
      await uploader.mark();
      return {};
    }),
  );
  hub.command<Named & { week?: string; read_back: boolean }>('verify', (args) =>
    each(args, async (uploader) => {
      const folder = args.week === undefined ? {} : { folder: args.week };
      const { checked, findings } = await uploader.verify({ ...folder, readBack: args.read_back });
      const some = findings.slice(0, MOST_FINDINGS).map((finding) => ({ ...finding }));
      if (some.length === 0) return { checked, findings: [] };
      return {
        ok: false,
        error: `${findings.length} of ${checked} are not as they were sent`,
        checked,
        findings: some,
      };
    }),
  );
  hub.command<Named & { week?: string; limit: number }>('status', (args) =>
    each(args, (uploader) => {
      const ledger = places.get(uploader.name)?.ledger;
      const problems = ledger?.failures(args.limit, args.week) ?? [];
      return { ...uploader.state(), problems: problems.map((problem) => ({ ...problem })) };
    }),
  );
}
