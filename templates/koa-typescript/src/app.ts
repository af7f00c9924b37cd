import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import { answerErrors } from './answer-errors.js'
import { greetings } from './routes/greetings.js'

/** The application without a port, so that tests can listen wherever they like. */
export function createApp(): Koa {
  const app = new Koa()
  app.use(answerErrors)
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit: '100kb' }))

  const router = new Router()
  router.get('/healthz', (context) => {
    context.body = { status: 'ok' }
  })
  router.use('/greetings', greetings().routes())
  app.use(router.routes())
  app.use(router.allowedMethods({ throw: true }))
  return app
}
