import Router from '@koa/router'

export function greetings(): Router {
  const router = new Router()

  router.post('/', (context) => {
    const body: unknown = context.request.body
    if (typeof body !== 'object' || body === null || !('name' in body) || typeof body.name !== 'string') {
      return context.throw(422, 'name: a text is required')
    }
    context.status = 201
    context.body = { greeting: `Hello, ${body.name}!` }
  })

  return router
}
