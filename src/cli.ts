import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { attach } from './commands/attach.js'
import { checkConfig, config } from './commands/config.js'
import type { CommandContext, ExitCode } from './commands/context.js'
import { create } from './commands/create.js'
import { demo } from './commands/demo.js'
import { doctor } from './commands/doctor.js'
import { install } from './commands/install.js'
import { jobs } from './commands/jobs.js'
import { logs } from './commands/logs.js'
import { ls } from './commands/ls.js'
import { cancel, pause, resume, retry } from './commands/queue.js'
import { restart } from './commands/restart.js'
import { rm } from './commands/rm.js'
import { rules, tryEvent } from './commands/rules.js'
import { send } from './commands/send.js'
import { serve } from './commands/serve.js'
import { show } from './commands/show.js'
import { submit } from './commands/submit.js'
import { addTemplate } from './commands/templates/add.js'
import { lintTemplates } from './commands/templates/lint.js'
import { listTemplates } from './commands/templates/list.js'
import { matchTemplate } from './commands/templates/match.js'
import { removeTemplate } from './commands/templates/remove.js'
import { updateTemplate, type ChangeArguments } from './commands/templates/update.js'
import { emptyTrash, listRemoved, restoreRemoved } from './commands/trash.js'
import { uninstall } from './commands/uninstall.js'
import { Problem } from './support/problem.js'
import { redactor } from './support/redact.js'

interface Json {
  readonly json: boolean
}

/** The command table: parses the arguments and runs one command. @returns the exit code */
export async function runCli(args: readonly string[], given: Omit<CommandContext, 'home'>): Promise<ExitCode> {
  const program = new Command('devorch')
  let code: ExitCode = 0
  /** Wraps a command: finds the home option, and keeps the exit code. */
  const command =
    <A extends unknown[]>(perform: (context: CommandContext, ...args: A) => Promise<ExitCode>) =>
    async (...values: A): Promise<void> => {
      code = await perform({ ...given, home: program.opts<{ home?: string }>().home }, ...values)
    }

  program
    .description('Turns webhooks, calls and job files into tmux development sessions.')
    .option('--home <dir>', 'the base folder (default: DEVORCH_HOME, the checkout, or /var/lib/dev-orchestrator)')
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
    .action(command((context) => serve(context)))

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
        (
          context,
          project: string,
          repoUrl: string,
          template: string | undefined,
          trackerUrl: string | undefined,
          options: Json & { branch?: string; summary?: string; agent?: string; layout?: string },
        ) =>
          create(context, {
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
    .action(command((context, file: string, options: Json) => submit(context, file, options.json)))

  program
    .command('ls')
    .description('list the sessions')
    .option('--watch [seconds]', 'a live table on the terminal, drawn anew every 2 seconds or so many; q ends', seconds)
    .option('--json', 'print JSON', false)
    .action(
      command((context, options: Json & { watch?: number | true }) =>
        ls(context, { json: options.json, watch: options.watch === true ? 2 : options.watch }),
      ),
    )

  program
    .command('jobs')
    .description('list the jobs')
    .option('--state <state>', 'only queued, active, done or failed')
    .option('--limit <n>', 'at most this many of each state', positive, 20)
    .option('--json', 'print JSON', false)
    .action(
      command((context, options: Json & { state?: string; limit: number }) =>
        jobs(context, { state: options.state, limit: options.limit, json: options.json }),
      ),
    )

  program
    .command('show <name>')
    .description('show everything about a session or a job')
    .option('--json', 'print JSON', false)
    .action(command((context, name: string, options: Json) => show(context, name, options.json)))

  program
    .command('attach <name>')
    .description('attach to a session')
    .action(command((context, name: string) => attach(context, name)))

  program
    .command('logs <name>')
    .description('tell what happened to a session')
    .option('--pane <role>', 'print what a pane shows instead: agent, terminal, files or apps')
    .action(command((context, name: string, options: { pane?: string }) => logs(context, name, options.pane)))

  program
    .command('send <name> <text>')
    .description("put a text (- for stdin) before a session's agent; -- before one that begins with -")
    .option('--json', 'print the result as JSON', false)
    .action(
      command((context, name: string, text: string, options: Json) =>
        send(context, { name, text, json: options.json }),
      ),
    )

  program
    .command('restart <name>')
    .description('start a session again, also one that was ended or lost; its agent goes on')
    .action(command((context, name: string) => restart(context, name)))

  program
    .command('rm <name>')
    .description('remove a session with all its processes; its working copy goes to the trash')
    .option('--keep', 'leave the working copy where it is', false)
    .option('--json', 'print JSON', false)
    .action(command((context, name: string, options: Json & { keep: boolean }) => rm(context, name, options)))

  const bin = program
    .command('trash')
    .description('list the removed sessions that can be had back')
    .option('--json', 'print JSON', false)
    .action(command((context, options: Json) => listRemoved(context, options.json)))
  // commander gives --json to the outer command, wherever it stands.
  const isTrashJson = () => bin.opts<Json>().json

  bin
    .command('list')
    .description('the same')
    .action(command((context) => listRemoved(context, isTrashJson())))

  bin
    .command('restore <name>')
    .description(
      'bring a session back, with its working copy and conversation; of several of a name the last, or by id',
    )
    .action(command((context, name: string) => restoreRemoved(context, name, isTrashJson())))

  bin
    .command('empty')
    .description('remove for good what holds nothing unsaved')
    .option('--all', 'and what does', false)
    .action(command((context, options: { all: boolean }) => emptyTrash(context, options.all, isTrashJson())))

  program
    .command('retry <job>')
    .description('drop a failed job again')
    .action(command((context, job: string) => retry(context, job)))
  program
    .command('cancel <job>')
    .description('cancel a queued or running job')
    .action(command((context, job: string) => cancel(context, job)))
  program
    .command('pause')
    .description('let jobs wait in the inbox')
    .action(command((context) => pause(context)))
  program
    .command('resume')
    .description('go on after a pause')
    .action(command((context) => resume(context)))

  // commander gives --json to the outer command, wherever it stands.
  const settings = program
    .command('config')
    .description('show the settings in force and where each came from')
    .option('--json', 'print JSON', false)
    .action(command((context, options: Json) => config(context, options.json)))
  const isJson = () => settings.opts<Json>().json

  settings
    .command('check')
    .description('say what is wrong with the configuration; exit code 0 where it could be put in force')
    .action(command((context) => checkConfig(context)))

  settings
    .command('rules')
    .description("list the rules that turn GitHub's events into jobs")
    .action(command((context) => rules(context, isJson())))

  settings
    .command('try-event <event> <file>')
    .description('show what a payload would do, and why; nothing is queued')
    .action(command((context, event: string, file: string) => tryEvent(context, event, file, isJson())))

  const templates = program.command('templates').description('what projects are made from')

  templates
    .command('list')
    .description('list the templates that can be chosen')
    .option('--json', 'print JSON', false)
    .action(command((context, options: Json) => listTemplates(context, options.json)))

  templates
    .command('add <source>')
    .description("copy templates into the home's from a folder, a git address (//folder, #ref) or npm:PACKAGE")
    .option('--as <id>', "its id; of many, what stands in place of the source's name")
    .option('--whole', 'take the source for one template, whatever it looks like', false)
    .option('--json', 'print JSON', false)
    .action(
      command((context, source: string, options: Json & { as?: string; whole: boolean }) =>
        addTemplate(context, { source, as: options.as, whole: options.whole, json: options.json }),
      ),
    )

  templates
    .command('update [id...]')
    .description('fetch added templates again; those that were changed here stay')
    .option('--force', 'replace changed ones too; the old is kept in templates/.removed/', false)
    .option('--json', 'print JSON', false)
    .action(
      command((context, ids: string[], options: Omit<ChangeArguments, 'ids'>) =>
        updateTemplate(context, { ids, force: options.force, json: options.json }),
      ),
    )

  templates
    .command('remove <id...>')
    .description('move added templates to templates/.removed/')
    .option('--force', 'those that were changed here too', false)
    .option('--json', 'print JSON', false)
    .action(
      command((context, ids: string[], options: Omit<ChangeArguments, 'ids'>) =>
        removeTemplate(context, { ids, force: options.force, json: options.json }),
      ),
    )

  templates
    .command('lint [folder...]')
    .description(
      'say what is wrong with the templates and rules, or with these folders; exit code 1 where something is',
    )
    .option('--json', 'print JSON', false)
    .action(command((context, folders: string[], options: Json) => lintTemplates(context, folders, options.json)))

  templates
    .command('match <text>')
    .description('show which template a summary (- for stdin) would get, and why')
    .option('--hint <hint>', 'the template_hint of the job')
    .option('--json', 'print JSON', false)
    .action(
      command((context, text: string, options: Json & { hint?: string }) =>
        matchTemplate(context, { text, hint: options.hint, json: options.json }),
      ),
    )

  program
    .command('doctor')
    .description('check this machine and say what to mend')
    .option('--json', 'print JSON', false)
    .action(command((context, options: Json) => doctor(context, options.json)))

  program
    .command('install')
    .description('make this a service of systemd, or bring that up to date; as root')
    .option('--for <user>', 'whose sessions they are')
    .option('--dry-run', 'print every file and command, and change nothing', false)
    .action(
      command((context, options: { for?: string; dryRun: boolean }) =>
        install(context, { user: options.for, dryRun: options.dryRun }),
      ),
    )

  program
    .command('uninstall')
    .description('take the service away; jobs, projects and configuration stay')
    .option('--purge', 'remove jobs, configuration and secrets, too', false)
    .option('--dry-run', 'print what would be done, and change nothing', false)
    .action(command((context, options: { purge: boolean; dryRun: boolean }) => uninstall(context, options)))

  program
    .command('demo')
    .description('run the whole thing once, on a throw-away home in the checkout')
    .option('--clean', 'remove everything that the demo made', false)
    .action(command((context, options: { clean: boolean }) => demo(context, options.clean)))

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

function seconds(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError('give whole seconds, at most 9999')
  return Number(value)
}
