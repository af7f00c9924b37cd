import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'

export const greetings: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const schema = {
    body: Type.Object({ name: Type.String({ minLength: 1, maxLength: 100 }) }),
    response: { 201: Type.Object({ greeting: Type.String() }) },
  }
  app.post('/', { schema }, async (request, reply) => {
    return reply.code(201).send({ greeting: `Hello, ${request.body.name}!` })
  })
  done()
}
