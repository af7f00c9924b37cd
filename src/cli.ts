import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { CommandContext, ExitCode } from './commands/context.js'
import type { ChangeArguments } from './commands/templates/update.js'
import { packageVersion } from './support/package.js'
import { Problem } from './support/problem.js'
import { redactor } from './support/redact.js'

interface Json {
  readonly json: boolean
}

/** The command table: parses the arguments and runs one command. @returns the exit code */
export async function runCli(args: readonly string[], given: Omit<CommandContext, 'home'>): Promise<ExitCode> {
  const program = new Command('devorch')
  let code: ExitCode = 0
  /** Wraps a command: finds the home option, and keeps the exit code. Each loads its own module, and no other's: it starts sooner. */
  const command =
    <A extends unknown[]>(perform: (context: CommandContext, ...args: A) => Promise<ExitCode>) =>
    async (...values: A): Promise<void> => {
      code = await perform({ ...given, home: program.opts<{ home?: string }>().home }, ...values)
    }

  program
    .description('Turns webhooks, calls and job files into tmux development sessions.')
    .option('--home <dir>', 'the base folder (default: DEVORCH_HOME, the checkout, or /var/lib/dev-orchestrator)')
    .version(await packageVersion(), '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        given.print(text.trimEnd())
      },
      writeErr: (text) => {
        given.complain(text.trimEnd())
      },
    })
    .helpCommand(false)

  program
    .command('serve')
    .description('run the daemon')
    .action(command(async (context) => (await import('./commands/serve.js')).serve(context)))

  program
    .command('create <project> <repo-url> [template] [tracker-url]')
    .description('build a session here and now, without a daemon')
    .option('--branch <name>')
    .option('--summary <text>', 'what is wanted; also chooses the template')
    .option('--agent <name>')
    .option('--layout <name>')
    .option('--json', 'print the result as JSON', false)
    .action(
      command(
        async (
          context,
          project: string,
          repoUrl: string,
          template: string | undefined,
          trackerUrl: string | undefined,
          options: Json & { branch?: string; summary?: string; agent?: string; layout?: string },
        ) =>
          (await import('./commands/create.js')).create(context, {
            project,
            repoUrl,
            template,
            trackerUrl,
            branch: options.branch,
            summary: options.summary,
            agent: options.agent,
            layout: options.layout,
            json: options.json,
          }),
      ),
    )

  program
    .command('submit <file>')
    .description('check a job file (- for stdin) and drop it into the inbox')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, file: string, options: Json) =>
        (await import('./commands/submit.js')).submit(context, file, options.json),
      ),
    )

  program
    .command('ls')
    .description('list the sessions')
    .option('--json', 'print JSON', false)
    .action(command(async (context, options: Json) => (await import('./commands/ls.js')).ls(context, options.json)))

  program
    .command('jobs')
    .description('list the jobs')
    .option('--state <state>', 'only queued, active, done or failed')
    .option('--limit <n>', 'at most this many of each state', positive, 20)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json & { state?: string; limit: number }) =>
        (await import('./commands/jobs.js')).jobs(context, {
          state: options.state,
          limit: options.limit,
          json: options.json,
        }),
      ),
    )

  program
    .command('show <name>')
    .description('show everything about a session or a job')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, name: string, options: Json) =>
        (await import('./commands/show.js')).show(context, name, options.json),
      ),
    )

  program
    .command('attach <name>')
    .description('attach to a session')
    .action(command(async (context, name: string) => (await import('./commands/attach.js')).attach(context, name)))

  program
    .command('logs <name>')
    .description('tell what happened to a session')
    .option('--pane <role>', 'print what a pane shows instead: agent, terminal, files or apps')
    .action(
      command(async (context, name: string, options: { pane?: string }) =>
        (await import('./commands/logs.js')).logs(context, name, options.pane),
      ),
    )

  program
    .command('send <name> <text>')
    .description("put a text (- for stdin) before a session's agent; -- before one that begins with -")
    .option('--json', 'print the result as JSON', false)
    .action(
      command(async (context, name: string, text: string, options: Json) =>
        (await import('./commands/send.js')).send(context, { name, text, json: options.json }),
      ),
    )

  program
    .command('restart <name>')
    .description('start a session again, also one that was ended or lost; its agent goes on')
    .action(command(async (context, name: string) => (await import('./commands/restart.js')).restart(context, name)))

  program
    .command('rm <name>')
    .description('remove a session with all its processes; its working copy goes to the trash')
    .option('--keep', 'leave the working copy where it is', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, name: string, options: Json & { keep: boolean }) =>
        (await import('./commands/rm.js')).rm(context, name, options),
      ),
    )

  const bin = program
    .command('trash')
    .description('list the removed sessions that can be had back')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) =>
        (await import('./commands/trash.js')).listRemoved(context, options.json),
      ),
    )
  // commander gives --json to the outer command, wherever it stands.
  const isTrashJson = () => bin.opts<Json>().json

  bin
    .command('list')
    .description('the same')
    .action(command(async (context) => (await import('./commands/trash.js')).listRemoved(context, isTrashJson())))

  bin
    .command('restore <name>')
    .description(
      'bring a session back, with its working copy and conversation; of several of a name the last, or by id',
    )
    .action(
      command(async (context, name: string) =>
        (await import('./commands/trash.js')).restoreRemoved(context, name, isTrashJson()),
      ),
    )

  bin
    .command('empty')
    .description('remove for good what holds nothing unsaved')
    .option('--all', 'and what does', false)
    .action(
      command(async (context, options: { all: boolean }) =>
        (await import('./commands/trash.js')).emptyTrash(context, options.all, isTrashJson()),
      ),
    )

  program
    .command('retry <job>')
    .description('drop a failed job again')
    .action(command(async (context, job: string) => (await import('./commands/queue.js')).retry(context, job)))
  program
    .command('cancel <job>')
    .description('cancel a queued or running job')
    .action(command(async (context, job: string) => (await import('./commands/queue.js')).cancel(context, job)))
  program
    .command('pause')
    .description('let jobs wait in the inbox')
    .action(command(async (context) => (await import('./commands/queue.js')).pause(context)))
  program
    .command('resume')
    .description('go on after a pause')
    .action(command(async (context) => (await import('./commands/queue.js')).resume(context)))

  // commander gives --json to the outer command, wherever it stands.
  const settings = program
    .command('config')
    .description('show the settings in force and where each came from')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) => (await import('./commands/config.js')).config(context, options.json)),
    )
  const isJson = () => settings.opts<Json>().json

  settings
    .command('check')
    .description('say what is wrong with the configuration; exit code 0 where it could be put in force')
    .action(command(async (context) => (await import('./commands/config.js')).checkConfig(context)))

  settings
    .command('rules')
    .description("list the rules that turn GitHub's events into jobs")
    .action(command(async (context) => (await import('./commands/rules.js')).rules(context, isJson())))

  settings
    .command('try-event <event> <file>')
    .description('show what a payload would do, and why; nothing is queued')
    .action(
      command(async (context, event: string, file: string) =>
        (await import('./commands/rules.js')).tryEvent(context, event, file, isJson()),
      ),
    )

  const templates = program.command('templates').description('what projects are made from')

  templates
    .command('list')
    .description('list the templates that can be chosen')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) =>
        (await import('./commands/templates/list.js')).listTemplates(context, options.json),
      ),
    )

  templates
    .command('add <source>')
    .description("copy templates into the home's from a folder, a git address (//folder, #ref) or npm:PACKAGE")
    .option('--as <id>', "its id; of many, what stands in place of the source's name")
    .option('--whole', 'take the source for one template, whatever it looks like', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, source: string, options: Json & { as?: string; whole: boolean }) =>
        (await import('./commands/templates/add.js')).addTemplate(context, {
          source,
          as: options.as,
          whole: options.whole,
          json: options.json,
        }),
      ),
    )

  templates
    .command('update [id...]')
    .description('fetch added templates again; those that were changed here stay')
    .option('--force', 'replace changed ones too; the old is kept in templates/.removed/', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, ids: string[], options: Omit<ChangeArguments, 'ids'>) =>
        (await import('./commands/templates/update.js')).updateTemplate(context, {
          ids,
          force: options.force,
          json: options.json,
        }),
      ),
    )

  templates
    .command('remove <id...>')
    .description('move added templates to templates/.removed/')
    .option('--force', 'those that were changed here too', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, ids: string[], options: Omit<ChangeArguments, 'ids'>) =>
        (await import('./commands/templates/remove.js')).removeTemplate(context, {
          ids,
          force: options.force,
          json: options.json,
        }),
      ),
    )

  templates
    .command('lint [folder...]')
    .description(
      'say what is wrong with the templates and rules, or with these folders; exit code 1 where something is',
    )
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, folders: string[], options: Json) =>
        (await import('./commands/templates/lint.js')).lintTemplates(context, folders, options.json),
      ),
    )

  templates
    .command('match <text>')
    .description('show which template a summary (- for stdin) would get, and why')
    .option('--hint <hint>', 'the template_hint of the job')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, text: string, options: Json & { hint?: string }) =>
        (await import('./commands/templates/match.js')).matchTemplate(context, {
          text,
          hint: options.hint,
          json: options.json,
        }),
      ),
    )

  program
    .command('doctor')
    .description('check this machine and say what to mend')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) => (await import('./commands/doctor.js')).doctor(context, options.json)),
    )

  program
    .command('install')
    .description('make this a service of systemd, or bring that up to date; as root')
    .option('--for <user>', 'whose sessions they are')
    .option('--dry-run', 'print every file and command, and change nothing', false)
    .action(
      command(async (context, options: { for?: string; dryRun: boolean }) =>
        (await import('./commands/install.js')).install(context, { user: options.for, dryRun: options.dryRun }),
      ),
    )

  program
    .command('uninstall')
    .description('take the service away; jobs, projects and configuration stay')
    .option('--purge', 'remove jobs, configuration and secrets, too', false)
    .option('--dry-run', 'print what would be done, and change nothing', false)
    .action(
      command(async (context, options: { purge: boolean; dryRun: boolean }) =>
        (await import('./commands/uninstall.js')).uninstall(context, options),
      ),
    )

  program
    .command('demo')
    .description('run the whole thing once, on a throw-away home in the checkout')
    .option('--clean', 'remove everything that the demo made', false)
    .action(
      command(async (context, options: { clean: boolean }) =>
        (await import('./commands/demo.js')).demo(context, options.clean),
      ),
    )

  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof Problem) {
      given.complain(`devorch: ${redactor()(error.message)}`)
      return 1
    }
    throw error
  }
}

function positive(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new InvalidArgumentError('give a whole number from 1 on')
  return Number(value)
}
