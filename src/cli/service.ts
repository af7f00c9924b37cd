import type { Command } from 'commander'
import type { Json, Wrap } from './command.js'

/** Adds the commands for the daemon and its machine. */
export function addServiceCommands(program: Command, command: Wrap): void {
  program.commandsGroup('This machine:')

  program
    .command('serve')
    .description('run the daemon')
    .action(command(async (context) => (await import('../commands/serve.js')).serve(context)))

  const settings = program
    .command('config')
    .description('show the settings in force and where each came from')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) => (await import('../commands/config.js')).config(context, options.json)),
    )
  const isJson = () => settings.opts<Json>().json

  settings
    .command('check')
    .description('say what is wrong with the configuration; exit code 0 where it could be put in force')
    .action(command(async (context) => (await import('../commands/config.js')).checkConfig(context)))

  settings
    .command('rules')
    .description("list the rules that turn GitHub's events into jobs")
    .action(command(async (context) => (await import('../commands/rules.js')).rules(context, isJson())))

  settings
    .command('try-event <event> <file>')
    .description('show what a payload would do, and why; nothing is queued')
    .action(
      command(async (context, event: string, file: string) =>
        (await import('../commands/rules.js')).tryEvent(context, event, file, isJson()),
      ),
    )

  program
    .command('doctor')
    .description('check this machine and say what to mend')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) => (await import('../commands/doctor.js')).doctor(context, options.json)),
    )

  program
    .command('install')
    .description('make this a service of systemd, or bring that up to date; as root')
    .option('--for <user>', 'whose sessions they are')
    .option('--dry-run', 'print every file and command, and change nothing', false)
    .action(
      command(async (context, options: { for?: string; dryRun: boolean }) =>
        (await import('../commands/install.js')).install(context, { user: options.for, dryRun: options.dryRun }),
      ),
    )

  program
    .command('uninstall')
    .description('take the service away; jobs, projects and configuration stay')
    .option('--purge', 'remove jobs, configuration and secrets, too', false)
    .option('--dry-run', 'print what would be done, and change nothing', false)
    .action(
      command(async (context, options: { purge: boolean; dryRun: boolean }) =>
        (await import('../commands/uninstall.js')).uninstall(context, options),
      ),
    )

  program
    .command('demo')
    .description('run the whole thing once, on a throw-away home in the checkout')
    .option('--clean', 'remove everything that the demo made', false)
    .action(
      command(async (context, options: { clean: boolean }) =>
        (await import('../commands/demo.js')).demo(context, options.clean),
      ),
    )
}
