import { Client, Events, GatewayIntentBits } from 'discord.js'
import { answer } from './answer.js'
import { commands } from './commands.js'
import { settingsFrom } from './settings.js'

const { token } = settingsFrom(process.env)

const client = new Client({ intents: [GatewayIntentBits.Guilds] })
client.once(Events.ClientReady, (ready) => {
  console.log(`Logged in as ${ready.user.tag}`)
})
client.on(Events.InteractionCreate, (interaction) => {
  answer(interaction, commands).catch(console.error)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void client.destroy())
}

await client.login(token)
