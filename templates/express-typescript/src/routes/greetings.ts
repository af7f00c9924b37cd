import { Router } from 'express'
import { HttpError } from '../http-error.js'

export function greetings(): Router {
  const router = Router()

  router.post('/', (request, response) => {
    const body: unknown = request.body
    if (typeof body !== 'object' || body === null || !('name' in body) || typeof body.name !== 'string') {
      throw new HttpError(422, 'name: a text is required')
    }
    response.status(201).json({ greeting: `Hello, ${body.name}!` })
  })

  return router
}
