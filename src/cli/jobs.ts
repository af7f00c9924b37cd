import type { Command } from 'commander'
import { positive, type Json, type Wrap } from './command.js'

/** Adds the commands for the queue. */
export function addJobCommands(program: Command, command: Wrap): void {
  program.commandsGroup('Jobs:')

  program
    .command('submit <file>')
    .description('check a job file (- for stdin) and drop it into the inbox')
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, file: string, options: Json) =>
        (await import('../commands/submit.js')).submit(context, file, options.json),
      ),
    )

  program
    .command('jobs')
    .description('list the jobs')
    .option('--state <state>', 'only queued, active, done or failed')
    .option('--limit <n>', 'at most this many of each state', positive, 20)
    .option('--json', 'print JSON', false)
    .action(
      command(async (context, options: Json & { state?: string; limit: number }) =>
        (await import('../commands/jobs.js')).jobs(context, {
          state: options.state,
          limit: options.limit,
          json: options.json,
        }),
      ),
    )

  program
    .command('retry <job>')
    .description('drop a failed job again')
    .action(command(async (context, job: string) => (await import('../commands/queue.js')).retry(context, job)))

  program
    .command('cancel <job>')
    .description('cancel a queued or running job')
    .action(command(async (context, job: string) => (await import('../commands/queue.js')).cancel(context, job)))

  program
    .command('pause')
    .description('let jobs wait in the inbox')
    .action(command(async (context) => (await import('../commands/queue.js')).pause(context)))

  program
    .command('resume')
    .description('go on after a pause')
    .action(command(async (context) => (await import('../commands/queue.js')).resume(context)))

  // commander gives --json to the outer command, wherever it stands.
}
