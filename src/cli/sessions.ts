import type { Command } from 'commander'
import { seconds, type Json, type Wrap } from './command.js'

/** Adds the commands that make sessions, show them, talk to them and end them. */
export function addSessionCommands(program: Command, command: Wrap): void {
  program.commandsGroup('Sessions:')

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
          (await import('../commands/create.js')).create(context, {
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
    .command('ls')
    .description('list the sessions')
    .option('--watch [seconds]', 'a live table on the terminal, drawn anew every 2 seconds or so many; q ends', seconds)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json & { watch?: number | true }) =>
        (await import('../commands/ls.js')).ls(context, {
          json: options.json,
          watch: options.watch === true ? 2 : options.watch,
        }),
      ),
    )

  program
    .command('show <name>')
    .description('show everything about a session or a job')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, name: string, options: Json) =>
        (await import('../commands/show.js')).show(context, name, options.json),
      ),
    )

  program
    .command('attach <name>')
    .description('attach to a session')
    .action(command(async (context, name: string) => (await import('../commands/attach.js')).attach(context, name)))

  program
    .command('logs <name>')
    .description('tell what happened to a session')
    .option('--pane <role>', 'print what a pane shows instead: agent, terminal, files or apps')
    .action(
      command(async (context, name: string, options: { pane?: string }) =>
        (await import('../commands/logs.js')).logs(context, name, options.pane),
      ),
    )

  program
    .command('send <name> <text>')
    .description("put a text (- for stdin) before a session's agent; -- before one that begins with -")
    .option('--json', 'print the result as JSON', false)
    .action(
      command(async (context, name: string, text: string, options: Json) =>
        (await import('../commands/send.js')).send(context, { name, text, json: options.json }),
      ),
    )

  program
    .command('restart <name>')
    .description('start a session again, also one that was ended or lost; its agent goes on')
    .action(command(async (context, name: string) => (await import('../commands/restart.js')).restart(context, name)))

  program
    .command('rm <name>')
    .description('remove a session with all its processes; its working copy goes to the trash')
    .option('--keep', 'leave the working copy where it is', false)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, name: string, options: Json & { keep: boolean }) =>
        (await import('../commands/rm.js')).rm(context, name, options),
      ),
    )

  const bin = program
    .command('trash')
    .description('list the removed sessions that can be had back')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json) =>
        (await import('../commands/trash.js')).listRemoved(context, options.json),
      ),
    )
  // commander gives --json to the outer command, wherever it stands.
  const isTrashJson = () => bin.opts<Json>().json

  bin
    .command('list')
    .description('the same')
    .action(command(async (context) => (await import('../commands/trash.js')).listRemoved(context, isTrashJson())))

  bin
    .command('restore <name>')
    .description(
      'bring a session back, with its working copy and conversation; of several of a name the last, or by id',
    )
    .action(
      command(async (context, name: string) =>
        (await import('../commands/trash.js')).restoreRemoved(context, name, isTrashJson()),
      ),
    )

  bin
    .command('empty')
    .description('remove for good what holds nothing unsaved')
    .option('--all', 'and what does', false)
    .action(
      command(async (context, options: { all: boolean }) =>
        (await import('../commands/trash.js')).emptyTrash(context, options.all, isTrashJson()),
      ),
    )
}
