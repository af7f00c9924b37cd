import express, { type ErrorRequestHandler, type Express } from 'express'
import { HttpError } from './http-error.js'
import { greetings } from './routes/greetings.js'

/** The application without a port, so that tests can listen wherever they like. */
export function createApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(express.json({ limit: '100kb' }))

  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  app.use('/greetings', greetings())

  app.use(() => {
    throw new HttpError(404, 'There is nothing at this address')
  })
  app.use(answerWithError)
  return app
}

// Express knows an error handler by its four parameters.
const answerWithError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    next(error)
    return
  }
  const status = statusOf(error)
  if (status >= 500) console.error(error)
  const message = status < 500 && error instanceof Error ? error.message : 'Something went wrong'
  response.status(status).json({ error: message })
}

function statusOf(error: unknown): number {
  if (error instanceof Error && 'status' in error && typeof error.status === 'number') return error.status
  return 500
}
