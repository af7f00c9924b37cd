import { REST, Routes } from 'discord.js'
import { commands } from './commands.js'
import { settingsFrom } from './settings.js'

/* Tells Discord which commands there are; to be run whenever a definition changes. */

const { token, applicationId, guildId } = settingsFrom(process.env)
const route =
  guildId === undefined
    ? Routes.applicationCommands(applicationId)
    : Routes.applicationGuildCommands(applicationId, guildId)

await new REST().setToken(token).put(route, { body: commands.map(({ definition }) => definition) })
console.log(`Registered ${commands.map(({ definition }) => `/${definition.name}`).join(', ')}`)
