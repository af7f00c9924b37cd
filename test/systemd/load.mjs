// Load on the daemon's socket, from within the machine: signed deliveries of GitHub's, several senders at once, a connection
// each. Reads the secret from the first line of stdin, sends until the file that is its argument is there, and prints as
// JSON what was answered: { answers: { "delivery id": { status, job_id } }, troubles: ["…"] }.
import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const senders = 4
const stopFile = process.argv[2]
const secret = readFileSync(0, 'utf8').trim()
const answers = {}
const troubles = []
let number = 0

function deliver(id, issue) {
  const body = JSON.stringify({
    action: 'labeled',
    issue: { number: issue, title: 'Totals', body: '', state: 'open', author_association: 'OWNER' },
    label: { name: 'dev-session' },
    repository: { name: 'shop', full_name: 'acme/shop', clone_url: 'file:///srv/git/shop' },
    sender: { login: 'ann', type: 'User' },
  })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-github-event': 'issues',
    'x-github-delivery': id,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }
  return new Promise((resolve, reject) => {
    const options = { port: 8080, path: '/create-session', method: 'POST', agent: false, headers, timeout: 60_000 }
    const outgoing = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, job_id: JSON.parse(text).job_id }))
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within a minute')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function sender() {
  while (!existsSync(stopFile)) {
    number += 1
    const id = `load-${number}`
    try {
      answers[id] = await deliver(id, number)
    } catch (error) {
      troubles.push(`${id}: ${error.code ?? ''} ${error.message}`)
    }
    await sleep(20)
  }
}

await Promise.all(Array.from({ length: senders }, sender))
console.log(JSON.stringify({ answers, troubles }))
