import { Command, CommanderError } from 'commander'
import type { Wrap } from './cli/command.js'
import { addJobCommands } from './cli/jobs.js'
import { addServiceCommands } from './cli/service.js'
import { addSessionCommands } from './cli/sessions.js'
import { addTemplateCommands } from './cli/templates.js'
import type { CommandContext, ExitCode } from './commands/context.js'
import { packageVersion } from './support/package.js'
import { Problem } from './support/problem.js'
import { redactor } from './support/redact.js'

/** The command line: parses the arguments and runs one command. @returns the exit code */
export async function runCli(args: readonly string[], given: Omit<CommandContext, 'home'>): Promise<ExitCode> {
  const program = new Command('devorch')
  let code: ExitCode = 0
  const command: Wrap =
    (perform) =>
    async (...values) => {
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

  addSessionCommands(program, command)
  addJobCommands(program, command)
  addTemplateCommands(program, command)
  addServiceCommands(program, command)

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
