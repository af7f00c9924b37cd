import { type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { greetings } from './routes/greetings.js'
import { health } from './routes/health.js'

/** The application without a port: tests call it by `inject`. */
export async function buildApp(options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify({ bodyLimit: 100 * 1024, ...options }).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(health)
  await app.register(greetings, { prefix: '/greetings' })
  return app
}
