import { request } from '@octokit/request'
import * as z from 'zod'
import type { Issue } from './issue.js'
import { troubleOf, type Trouble } from './trouble.js'

/** What a call gave, or why nothing. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly trouble: Trouble }

/** The comments of issues, on one server with one token. No call is repeated here, and none takes longer than `timeoutMs`. */
export interface Comments {
  /** Its id. Where it failed, the comment may stand all the same. */
  create(issue: Issue, body: string): Promise<Answer<number>>
  edit(issue: Issue, id: number, body: string): Promise<Answer<number>>
  /** The oldest that begins with a text and was changed after a time; undefined: there is none. */
  find(issue: Issue, beginning: string, since: Date): Promise<Answer<number | undefined>>
}

export interface CommentsOptions {
  /** `https://api.github.com`: the token goes there and nowhere else. */
  readonly apiUrl: string
  readonly token: string
  /** Cuts a call off. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

const comment = z.looseObject({ id: z.number().int().positive() })
const commentList = z.array(comment.extend({ body: z.string().nullish() }))
const perPage = 100
/** An issue with more new comments than these is not searched to the end: then nothing is posted. */
const maxPages = 30

export function createComments({ apiUrl, token, signal, timeoutMs }: CommentsOptions): Comments {
  const call = async <T>(
    route: string,
    parameters: Readonly<Record<string, unknown>>,
    schema: z.ZodType<T>,
  ): Promise<Answer<T>> => {
    try {
      const answer: { readonly data: unknown } = await request(route, {
        ...parameters,
        baseUrl: apiUrl,
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${token}`,
          'user-agent': 'dev-orchestrator',
          'x-github-api-version': '2022-11-28',
        },
        // A renamed repository is answered with a redirection; fetch(2) keeps the token from another origin then.
        request: { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), log: silent },
      })
      const parsed = schema.safeParse(answer.data)
      if (parsed.success) return { ok: true, value: parsed.data }
      return { ok: false, trouble: { kind: 'later', waitMs: undefined, why: 'the answer is not GitHub’s' } }
    } catch (error) {
      return { ok: false, trouble: troubleOf(error, Date.now()) }
    }
  }
  const idOf = (answer: Answer<z.infer<typeof comment>>): Answer<number> =>
    answer.ok ? { ok: true, value: answer.value.id } : answer
  const at = ({ owner, repo, number }: Issue) => ({ owner, repo, issue_number: number })

  return {
    async create(issue, body) {
      return idOf(
        await call('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', { ...at(issue), body }, comment),
      )
    },

    async edit({ owner, repo }, id, body) {
      const parameters = { owner, repo, comment_id: id, body }
      return idOf(await call('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', parameters, comment))
    },

    async find(issue, beginning, since) {
      const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments'
      for (let page = 1; page <= maxPages; page += 1) {
        const parameters = { ...at(issue), since: since.toISOString(), per_page: perPage, page }
        const answer = await call(route, parameters, commentList)
        if (!answer.ok) return answer
        // By id, and so by age: somebody may have copied the marker since.
        const found = answer.value.find(({ body }) => body?.startsWith(beginning) === true)
        if (found !== undefined) return { ok: true, value: found.id }
        if (answer.value.length < perPage) return { ok: true, value: undefined }
      }
      return { ok: false, trouble: { kind: 'refused', why: 'the issue has too many new comments to look through' } }
    },
  }
}

/** It would write to the console that a route is deprecated. */
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }

function nothing(): void {
  return
}
