import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import type { Acknowledged, LoadOrder } from './acknowledge.js'

/*
 * The caller of acknowledge.ts, a process of its own: signed POSTs over connections that stay open, each the next one as soon as it has its
 * answer. What is sent is made beforehand, and of an answer only status and length are looked at, so that little time goes to the caller.
 */

process.on('message', (order: LoadOrder) => {
  void send(order).then((acknowledged) => process.send?.(acknowledged))
})

async function send(order: LoadOrder): Promise<Acknowledged> {
  const waiting = Array.from({ length: order.count }, (_, index) => requestOf(order, order.from + index)).reverse()
  const latenciesMs: number[] = []
  const begunMs = performance.now()
  await Promise.all(
    Array.from({ length: order.connections }, () => keepSending(order.port, order.status, waiting, latenciesMs)),
  )
  return { seconds: (performance.now() - begunMs) / 1000, latenciesMs }
}

/** One connection. @throws where an answer has another status than the one expected */
function keepSending(port: number, status: number, waiting: Buffer[], latenciesMs: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    let answer = ''
    let sentMs = 0
    const next = () => {
      const request = waiting.pop()
      if (request === undefined) {
        socket.destroy()
        resolve()
        return
      }
      answer = ''
      sentMs = performance.now()
      socket.write(request)
    }
    socket.setEncoding('latin1')
    socket.on('connect', next)
    socket.on('data', (text: string) => {
      answer += text
      const head = answer.indexOf('\r\n\r\n')
      const length = /\r\ncontent-length: *(\d+)/i.exec(answer)?.[1]
      if (head === -1 || answer.length < head + 4 + Number(length ?? 0)) return
      latenciesMs.push(performance.now() - sentMs)
      if (answer.startsWith(`HTTP/1.1 ${status.toString()} `)) next()
      else reject(new Error(`the answer was: ${answer.slice(0, 400)}`))
    })
    socket.on('error', reject)
  })
}

function requestOf(order: LoadOrder, index: number): Buffer {
  const body = JSON.stringify(order.what === 'event' ? eventOf(index) : jobOf(index))
  const signature = createHmac('sha256', order.secret).update(body).digest('hex')
  const head = [
    'POST /create-session HTTP/1.1',
    `Host: 127.0.0.1:${order.port.toString()}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body).toString()}`,
    `X-Hub-Signature-256: sha256=${signature}`,
    ...(order.what === 'event' ? ['X-GitHub-Event: issues', `X-GitHub-Delivery: bench-${index.toString()}`] : []),
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const url = 'https://github.com/acme/shop'
const text = 'The totals of the cart are wrong where a voucher and a discount meet; see the screenshot.'

function jobOf(index: number): unknown {
  return { project_name: `shop-${index.toString()}`, repo_url: `${url}.git`, requirements_summary: text }
}

/** An issue that was labelled, about as large (11 KB) as GitHub sends it: most of it are addresses. */
function eventOf(index: number): unknown {
  const links = (of: string, count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`${of}_${at.toString()}_url`, `${url}/${of}/${at.toString()}{/more}`]),
    )
  const person = { login: 'ann', id: 21031067, type: 'User', site_admin: false, ...links('users', 12) }
  const label = { id: 1362934389, name: 'dev-session', color: 'd73a4a', default: false, ...links('labels', 1) }
  return {
    action: 'labeled',
    issue: {
      number: index,
      title: 'Totals are wrong',
      body: text.repeat(8),
      state: 'open',
      author_association: 'OWNER',
      user: person,
      labels: [label],
      assignees: [person],
      html_url: `${url}/issues/${index.toString()}`,
      ...links('issues', 6),
    },
    label,
    repository: {
      id: 186853002,
      name: 'shop',
      full_name: 'acme/shop',
      clone_url: `${url}.git`,
      owner: person,
      ...links('repos', 80),
    },
    sender: person,
  }
}
