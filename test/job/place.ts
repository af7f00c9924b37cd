import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SpoolFolders } from '../../src/job/folders.js'
import type { Job, Origin } from '../../src/job/job.js'
import type { JobResult } from '../../src/job/result.js'
import { temporaryFolder } from '../support/temporary.js'

/** The four folders of a queue, removed with the test. */
export async function makeFolders(): Promise<SpoolFolders> {
  const base = await temporaryFolder()
  const state = (name: string) => join(base, 'state', name)
  const folders = { inbox: join(base, 'inbox'), active: state('active'), done: state('done'), failed: state('failed') }
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true })
  return folders
}

/** Every file of the queue, hidden ones too, as `active/NAME`. */
export async function allFiles(folders: SpoolFolders): Promise<string[]> {
  const found: string[] = []
  for (const [state, folder] of Object.entries(folders)) {
    for (const name of await readdir(String(folder))) found.push(`${state}/${name}`)
  }
  return found.sort()
}

export const jobText = 'project_name: a\nrepo_url: https://example.com/a.git\n'

export function makeJob(project = 'a', more: Partial<Job> = {}): Job {
  return { project_name: project, repo_url: 'https://example.com/a.git', action: 'create', ...more }
}

export const httpOrigin: Origin = {
  kind: 'http',
  address: '127.0.0.1',
  delivery_id: null,
  subject: null,
  sender: null,
  trusted: true,
}

export const created: JobResult = { status: 'created', finished_at: '2026-11-22T21:04:32.000Z', session: 'a-dev' }
export const failure: JobResult = {
  status: 'failed',
  finished_at: '2026-11-22T21:04:32.000Z',
  error: { message: 'clone: no such host; check repo_url', remedy: 'check repo_url' },
}
