import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'

export const health: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const schema = { response: { 200: Type.Object({ status: Type.Literal('ok') }) } }
  app.get('/healthz', { schema }, () => ({ status: 'ok' as const }))
  done()
}
