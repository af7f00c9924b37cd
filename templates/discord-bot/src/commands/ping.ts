import { SlashCommandBuilder } from 'discord.js'
import type { Command } from '../command.js'

export const ping: Command = {
  definition: new SlashCommandBuilder().setName('ping').setDescription('Says whether the bot is there').toJSON(),
  async execute(interaction) {
    await interaction.reply('Pong!')
  },
}
