import { readBounded } from '../support/files.js'

/** The token in a file of one line, or why there is none. @throws a system error where the file can't be read */
export async function readGithubToken(path: string): Promise<string | { readonly because: string }> {
  const read = await readBounded(path, 8192)
  switch (read.kind) {
    case 'missing':
      return { because: `${path} does not exist` }
    case 'odd':
      return { because: `${path} is ${read.what}` }
    case 'too-large':
      return { because: `${path} is larger than a token` }
    case 'file': {
      const token = read.bytes.toString('utf8').trim()
      return /^[\u0021-\u007e]+$/.test(token) ? token : { because: `${path} does not hold one token on one line` }
    }
  }
}
