import type { ChatInputCommandInteraction, RESTPostAPIChatInputApplicationCommandsJSONBody } from 'discord.js'

/** A slash command. */
export interface Command {
  /** What Discord is told of it: name, description, options. */
  readonly definition: RESTPostAPIChatInputApplicationCommandsJSONBody
  /** Answers one use of it; Discord waits 3 seconds for `reply` or `deferReply`. */
  execute(interaction: ChatInputCommandInteraction): Promise<void>
}
