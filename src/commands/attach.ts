import { childEnvironment, runInteractive } from '../support/process.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { findSession } from './session-argument.js'

/** `devorch attach NAME`: hands this terminal to tmux. */
export async function attach(context: CommandContext, given: string): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const name = await findSession(context, workshop, given)
  if (name === undefined) return 1
  const [program = 'tmux', ...args] = workshop.tools.tmux.attachCommand(name)
  return (await runInteractive(program, args, childEnvironment(context.environment))) === 0 ? 0 : 1
}
