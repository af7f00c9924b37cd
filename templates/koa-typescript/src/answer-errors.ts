import type { Context, Next } from 'koa'

/** Answers in JSON what any middleware after it throws or leaves alone; the message only where it is meant for the caller. */
export async function answerErrors(context: Context, next: Next): Promise<void> {
  try {
    await next()
    if (context.status === 404) context.throw(404, 'There is nothing at this address')
  } catch (error) {
    const status = statusOf(error)
    const message = status < 500 && error instanceof Error ? error.message : 'Something went wrong'
    context.status = status
    context.body = { error: message }
    // Koa itself writes to stderr what is emitted here.
    if (status >= 500) context.app.emit('error', error, context)
  }
}

/** Koa's own errors (`context.throw`) and those of the body parser carry a status. */
function statusOf(error: unknown): number {
  if (error instanceof Error && 'status' in error && typeof error.status === 'number') return error.status
  return 500
}
