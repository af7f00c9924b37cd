import { InvalidArgumentError } from 'commander'
import type { CommandContext, ExitCode } from '../commands/context.js'

export interface Json {
  readonly json: boolean
}

/**
 * Makes an action of a command: it is given the context, and its exit code is kept. Each imports its own module when it is
 * called, and no other's: it starts sooner.
 */
export type Wrap = <A extends unknown[]>(
  perform: (context: CommandContext, ...args: A) => Promise<ExitCode>,
) => (...values: A) => Promise<void>

export function positive(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new InvalidArgumentError('give a whole number from 1 on')
  return Number(value)
}

export function seconds(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError('give whole seconds, at most 9999')
  return Number(value)
}
