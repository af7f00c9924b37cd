import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import { NoteStore } from './note-store.js'
import { schema, type Context } from './schema.js'

/** The API without a port: a listener for `node:http`, and `fetch` for tests. Its notes live as long as it does. */
export function createApp(options: { readonly production: boolean }): YogaServerInstance<object, Context> {
  const notes = new NoteStore()
  return createYoga<object, Context>({
    schema,
    context: () => ({ notes }),
    graphiql: !options.production,
    healthCheckEndpoint: '/healthz',
    logging: 'warn',
  })
}
