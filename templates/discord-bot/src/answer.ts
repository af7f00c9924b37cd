import { MessageFlags, type Interaction } from 'discord.js'
import type { Command } from './command.js'

/** Lets the command that was used answer. A failing one is logged, and the person told; it never ends the bot. */
export async function answer(interaction: Interaction, commands: readonly Command[]): Promise<void> {
  if (!interaction.isChatInputCommand()) return
  const command = commands.find(({ definition }) => definition.name === interaction.commandName)
  try {
    if (command === undefined) throw new Error('there is no such command')
    await command.execute(interaction)
  } catch (error) {
    console.error(`/${interaction.commandName}:`, error)
    const apology = { content: 'That went wrong.', flags: MessageFlags.Ephemeral } as const
    if (interaction.replied || interaction.deferred) await interaction.followUp(apology)
    else await interaction.reply(apology)
  }
}
