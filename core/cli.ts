#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, Command, CommanderError, Option } from 'commander';
import { parseInteger, parseJsonObject, parseListen, parseSince } from './cli/arguments.ts';
import type { PluginAction } from './cli/plugins.ts';
import { dataDirInUse, dataDirToStart } from './support/data-dir.ts';
import { ConfigError, errorText, HubError } from './support/errors.ts';
import { packageRoot } from './support/paths.ts';

// Arguments to actions. Each action imports what it needs only when it runs, so that a short command starts quickly.
// This is the only file that ends the process: 0 done, 1 failed, 2 wrong usage or invalid configuration.

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };

const cupboard = new Command('cupboard')
  .description('A home hub: MQTT broker, recorder and page, and plugins that run as processes of their own')
  .version(version)
  .enablePositionalOptions()
  .option('--data <dir>', 'data directory; else CUPBOARD_DATA, ./data or /var/lib/cupboard')
  .showHelpAfterError('(cupboard --help lists the commands)');

/** Declares a command; it takes `--data` like every other. */
function command(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .addOption(new Option('--data <dir>', 'data directory').hideHelp());
}

const group = (name: string, description: string) => cupboard.command(name).description(description);

/** The data directory that a command means. */
const dataDir = (invoked: Command) => dataDirInUse({ option: dataOption(invoked) });
const dataOption = (invoked: Command) => invoked.optsWithGlobals<{ data?: string }>().data;

const json = () => new Option('--json', 'print JSON');
const role = () => new Option('--role <role>', 'what it may do').choices(['admin', 'viewer']).default('admin');

command(cupboard, 'start', 'start the hub')
  .option('--http <host:port>', 'where the page listens', parseListen)
  .option('--mqtt <host:port>', 'where the broker listens', parseListen)
  .option('--demo', 'run every plugin on its simulator, in ./data-demo and on free ports')
  .action(async (options: { http?: string; mqtt?: string; demo?: boolean }, invoked: Command) => {
    const { start } = await import('./cli/start.ts');
    process.exitCode = await start({ ...options, version, dataDir: dataOption(invoked) });
  });

const plugins = group('plugins', 'list, install and control plugins');
command(plugins, 'list', 'every plugin and its state')
  .option('--licenses', 'their licences')
  .addOption(json())
  .action(async (options: { licenses?: boolean; json?: boolean }, invoked: Command) =>
    (await import('./cli/plugins.ts')).listPlugins(dataDir(invoked), options),
  );
command(plugins, 'install <source>', 'install a folder, .tgz, npm package or git repository; shows what it asks for')
  .option('--allow-scripts', 'let npm run the scripts of the packages it depends on')
  .addOption(json())
  .action(async (source: string, options: { json?: boolean; allowScripts?: boolean }, invoked: Command) => {
    const { installPlugin } = await import('./cli/plugins.ts');
    process.exitCode = (await installPlugin(dataDir(invoked), source, options)) ? 0 : 1;
  });
command(plugins, 'rollback <plugin>', 'bring back the version of before the last install')
  .addOption(json())
  .action(async (id: string, options: { json?: boolean }, invoked: Command) =>
    (await import('./cli/plugins.ts')).rollBackPlugin(dataDir(invoked), id, options.json),
  );
command(plugins, 'outdated', 'installed plugins that are newer where they came from')
  .addOption(json())
  .action(async (options: { json?: boolean }, invoked: Command) =>
    (await import('./cli/plugins.ts')).listOutdated(dataDir(invoked), options.json),
  );
command(plugins, 'remove <plugin>', 'remove an installed plugin; its data is kept').action(
  async (id: string, _options: object, invoked: Command) =>
    (await import('./cli/plugins.ts')).removePlugin(dataDir(invoked), id),
);
const ACTIONS: Readonly<Record<PluginAction, string>> = {
  enable: 'let it run, with all it asks for',
  disable: 'stop it and keep it stopped',
  start: 'start it, also after it crashed',
  stop: 'stop it until the next start',
  restart: 'stop it and start it',
};
for (const [action, description] of Object.entries(ACTIONS) as [PluginAction, string][]) {
  command(plugins, `${action} <plugin>`, description)
    .addOption(json())
    .action(async (id: string, options: { json?: boolean }, invoked: Command) =>
      (await import('./cli/plugins.ts')).actOnPlugin(dataDir(invoked), id, action, options.json),
    );
}
command(
  plugins,
  'new <name>',
  'write a working plugin with a test into the data directory, or to a path such as ./NAME',
).action(async (name: string, _options: object, invoked: Command) => {
  const { newPlugin } = await import('./cli/new-plugin.ts');
  await newPlugin(name.includes('/') ? resolve(name) : join(dataDir(invoked), 'plugins', name));
});

command(cupboard, 'run <plugin> <program> [args...]', "run a plugin's own program in this terminal")
  .passThroughOptions()
  .action(async (plugin: string, program: string, args: string[], _options: object, invoked: Command) => {
    const { runProgram } = await import('./cli/run.ts');
    process.exitCode = await runProgram(dataDir(invoked), plugin, program, args);
  });

command(cupboard, 'topics [filter]', 'retained messages')
  .addOption(json())
  .action(async (filter: string | undefined, options: { json?: boolean }, invoked: Command) =>
    (await import('./cli/topics.ts')).listTopics(dataDir(invoked), filter ?? '#', options.json),
  );
command(cupboard, 'sub <filter>', 'print messages as they come')
  .option('--count <n>', 'end after so many', parseInteger(1))
  .addOption(json())
  .action(async (filter: string, options: { json?: boolean; count?: number }, invoked: Command) =>
    (await import('./cli/topics.ts')).subscribe(dataDir(invoked), filter, options),
  );
command(cupboard, 'pub <topic> <payload>', 'publish a message')
  .option('--retain', 'keep it for who subscribes later')
  .addOption(new Option('--qos <qos>', 'quality of service').argParser(parseInteger(0, 2)).default(1))
  .action(async (topic: string, payload: string, options: { retain?: boolean; qos: number }, invoked: Command) =>
    (await import('./cli/topics.ts')).publish(dataDir(invoked), topic, payload, options),
  );
command(cupboard, 'command <plugin> <name>', "run a plugin's command and print its answer")
  .addArgument(new Argument('[json]', 'its arguments').argParser(parseJsonObject).default({}, '{}'))
  .action(async (plugin: string, name: string, args: object, _options: object, invoked: Command) => {
    const { runCommand } = await import('./cli/topics.ts');
    process.exitCode = (await runCommand(dataDir(invoked), plugin, name, args)) ? 0 : 1;
  });
command(cupboard, 'history <series>', 'recorded readings, such as acurite/outdoor/temperature')
  .addOption(
    new Option('--since <span>', '7d, 12h, 30m or a date')
      .argParser((text) => parseSince(text))
      .default(parseSince('24h'), '24h'),
  )
  .option('--until <span>', 'likewise', (text) => parseSince(text))
  .option('--points <n>', 'at most about so many', parseInteger(1))
  .option('--csv', 'print CSV')
  .addOption(json())
  .action(async (series: string, options: { since: number }, invoked: Command) =>
    (await import('./cli/history.ts')).printHistory(dataDir(invoked), series, options),
  );

const users = group('users', 'who may log in');
command(users, 'list', 'every account')
  .addOption(json())
  .action(async (options: { json?: boolean }, invoked: Command) =>
    (await import('./cli/users.ts')).listUsers(dataDir(invoked), options.json),
  );
command(users, 'add <name>', 'add an account; asks for its password, or reads it from a pipe')
  .addOption(role())
  .action(async (name: string, options: { role: string }, invoked: Command) =>
    (await import('./cli/users.ts')).addUser(dataDir(invoked), name, options.role),
  );
command(users, 'passwd <name>', 'change a password').action(async (name: string, _options: object, invoked: Command) =>
  (await import('./cli/users.ts')).changePassword(dataDir(invoked), name),
);
command(users, 'rules <name>', 'say what an account may read and write over MQTT; %u is its name, %c its client id')
  .option('--read <filter...>', 'filters it may subscribe to')
  .option('--write <filter...>', 'filters it may publish to')
  .option('--readwrite <filter...>', 'filters it may do both on')
  .action(async (name: string, options: Record<string, string[]>, invoked: Command) =>
    (await import('./cli/users.ts')).setUserRules(dataDir(invoked), name, options),
  );
command(users, 'remove <name>', 'remove an account').action(async (name: string, _options: object, invoked: Command) =>
  (await import('./cli/users.ts')).removeUser(dataDir(invoked), name),
);
command(users, 'link', 'print a link that creates one account, once')
  .addOption(json())
  .action(async (options: { json?: boolean }, invoked: Command) =>
    (await import('./cli/users.ts')).printAccountLink(dataDir(invoked), options.json),
  );
command(group('token', 'tokens for scripts'), 'add <name>', 'make a token and print it')
  .addOption(role())
  .addOption(json())
  .action(async (name: string, options: { role: string; json?: boolean }, invoked: Command) =>
    (await import('./cli/users.ts')).addToken(dataDir(invoked), name, options.role, options.json),
  );

command(cupboard, 'where', 'what lies where in the data directory, how large, and what is rebuildable')
  .addOption(json())
  .action(async (options: { json?: boolean }, invoked: Command) =>
    (await import('./cli/where.ts')).printPlaces(dataDir(invoked), options.json),
  );
command(cupboard, 'backup <file>', 'write everything into one .tar.gz, also while the hub runs; secrets are in it')
  .option('--max-file-mb <MB>', 'leave out single files larger than this; databases are always in it', parseInteger(1))
  .addOption(json())
  .action(async (file: string, options: { maxFileMb?: number; json?: boolean }, invoked: Command) =>
    (await import('./cli/backup.ts')).backup(dataDir(invoked), file, { version, ...options }),
  );
command(cupboard, 'restore <file>', 'put a backup in the place of the data directory; the hub must not run')
  .addOption(json())
  .action(async (file: string, options: { json?: boolean }, invoked: Command) =>
    (await import('./cli/backup.ts')).restore(dataDirToStart({ option: dataOption(invoked) }), file, options.json),
  );
command(cupboard, 'check', 'list every problem of cupboard.yaml')
  .option('--defaults', 'list every key with its default instead')
  .addOption(json())
  .action(async (options: { defaults?: boolean; json?: boolean }, invoked: Command) => {
    const { checkConfig, printDefaults } = await import('./cli/check.ts');
    if (options.defaults) printDefaults(options.json);
    else process.exitCode = (await checkConfig(dataDir(invoked), options.json)) ? 0 : 2;
  });

command(cupboard, 'doctor', 'look for everything that keeps the hub from working, with what mends it')
  .addOption(json())
  .action(async (options: { json?: boolean }, invoked: Command) => {
    const { examine } = await import('./cli/doctor.ts');
    process.exitCode = (await examine(dataDir(invoked), options.json)) ? 0 : 1;
  });
command(
  cupboard,
  'letter',
  'a page for people: what this box is, where things are, how to unplug it; HTML, for the printer',
).action(async (_options: object, invoked: Command) => (await import('./cli/letter.ts')).printLetter(dataDir(invoked)));
const service = group('service', 'the hub as a service of systemd');
command(
  service,
  'install',
  'write the unit, drop-ins and rules that the configured plugins need, and start it; as root',
)
  .option('--user <name>', 'user it runs as', 'cupboard')
  .option('--print', 'print the files instead')
  .option('--root <dir>', 'write the files below this folder instead')
  .action(async (options: { user: string; print?: boolean; root?: string }, invoked: Command) =>
    (await import('./cli/service.ts')).install(dataDirToStart({ option: dataOption(invoked) }), options),
  );
command(service, 'uninstall', 'stop the service and remove its files; data and user stay').action(async () =>
  (await import('./cli/service.ts')).uninstall(),
);

command(
  group('tls', 'certificates'),
  'init [names...]',
  'make a certificate authority and a server certificate, or renew that',
).action(async (names: string[], _options: object, invoked: Command) =>
  (await import('./cli/tls.ts')).init(dataDir(invoked), names),
);

/** One clear line (or a list of problems) on stderr; no stack trace, which tells nothing to who uses the hub. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const heading = error instanceof ConfigError ? 'the configuration cannot be used:\n' : '';
  process.stderr.write(`cupboard: ${heading}${errorText(error)}\n`);
  return error instanceof ConfigError || (error instanceof HubError && error.code === 'data_dir_missing') ? 2 : 1;
}

/** Commander's settings do not reach the commands declared below. */
function throwInsteadOfExit(each: Command): void {
  each.exitOverride();
  for (const below of each.commands) throwInsteadOfExit(below);
}

// `cupboard sub '#' | head`: the reader has gone, and that is no failure.
process.stdout.on('error', () => process.exit(0));

throwInsteadOfExit(cupboard);
try {
  await cupboard.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// A pipe takes 64 KiB at a time: leaving at once would cut off the rest.
process.stdout.write('', () => process.exit());
