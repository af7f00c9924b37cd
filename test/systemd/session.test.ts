import { describe, expect, it } from 'vitest'
import { config, home, install, noMachine } from './installed.js'
import { nodeInside } from './machine.js'

const reason = noMachine()

describe.skipIf(reason !== undefined)(`a started daemon${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('is ready, tells its status, and builds from a signed webhook a session that the user sees', async () => {
    const { machine, property, deliver, call } = await install()
    expect(await property('ActiveState')).toBe('active')
    expect(await property('StatusText')).toBe('0 sessions, 0 jobs queued, 0 running')

    const queued = await deliver('issues', {
      action: 'labeled',
      issue: { number: 7, title: 'Totals', body: '', state: 'open', author_association: 'OWNER' },
      label: { name: 'dev-session' },
      repository: { name: 'shop', full_name: 'acme/shop', clone_url: 'file:///srv/git/shop' },
      sender: { login: 'ann', type: 'User' },
    })
    expect(queued).toMatchObject({ status: 202, json: { session_name: 'shop-7-dev' } })
    const list = () => machine.as('dev', 'tmux ls')
    await machine.until('the session stands', async () => (await list()).includes('shop-7-dev'))
    expect(await machine.as('dev', 'tmux list-panes -s -t =shop-7-dev: -F "#{@devorch_role}"')).toBe(
      'agent\nterminal\nfiles\napps',
    )
    const told = async (text: string) => (await property('StatusText')).includes(text)
    await machine.until('the status line tells of it', () => told('1 session, 0 jobs queued, 0 running'))

    expect(await call('/create-session', { project_name: 'gone', repo_url: 'file:///srv/git/nothing' })).toMatchObject({
      status: 500,
    })
    await machine.until('the status line tells of the failure', () => told('-gone-'))
    expect(await property('StatusText')).toMatch(/^1 session, .*; last failure: \S+-gone-\S+: /)
  })

  it('logs with the priorities of journald', async () => {
    const { machine, call } = await install()
    await call('/create-session', { project_name: 'gone', repo_url: 'file:///srv/git/nothing' })
    const of = (priority: string) =>
      machine.do(
        'journalctl',
        '--no-pager',
        '-o',
        'cat',
        '-u',
        'dev-orchestrator.service',
        '-p',
        `${priority}..${priority}`,
      )
    expect(await of('warning')).toMatch(/^job failed jobId=/m)
    expect(await of('info')).toMatch(/^ready url=/m)
  })

  it('has the secrets in no environment, no arguments, no log and no file but its own', async () => {
    const { machine, secret, token, build, log } = await install()
    await build('shop')
    const secrets = `${secret}\n${token}\n`
    // A copy to search for, where only root can read it; grep gets its pattern from there.
    await machine.write('/root/secrets', secrets)
    const search = (...paths: string[]) =>
      machine.run(['bash', '--norc', '-c', 'grep -rlsaFf /root/secrets "$@" 2>/dev/null', 'grep', ...paths])
    const pids = (await machine.do('ps', '-eo', 'pid=')).split('\n').map((pid) => pid.trim())
    const files = pids.flatMap((pid) => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`])
    expect((await search(...files)).stdout).toBe('')
    expect((await search(home, '/home/dev', '/tmp', '/var/log', '/run/systemd/transient')).stdout).toBe('')
    expect(await log()).not.toContain(secret)
    expect(await machine.do('journalctl', '--no-pager')).not.toContain(token)
    // The search does find it where it is.
    expect((await search('/etc/dev-orchestrator')).stdout.split('\n')).toHaveLength(3)
  })

  it('gives a credential of the operator’s drop-in to the panes that it is for, and its new value after a restart', async () => {
    const file = '/etc/dev-orchestrator/db-password'
    const { machine, build, log } = await install({
      before: async (early) => {
        await early.write(file, 'secret-of-the-database\n')
        const dropIn = `[Service]\nLoadCredential=db-password:${file}\n`
        await early.write('/etc/systemd/system/dev-orchestrator.service.d/50-secrets.conf', dropIn)
        await early.do('systemctl', 'daemon-reload')
        const environment = [{ DB_PASSWORD: { credential: 'db-password', panes: ['terminal'] } }]
        await early.write(`${home}/config.yaml`, JSON.stringify({ ...config, environment }))
      },
    })
    await build('shop')
    const given = async () => {
      const panes = await machine.as('dev', "tmux list-panes -s -t =shop-dev: -F '#{pane_pid} #{@devorch_role}'")
      const pairs = panes.split('\n').map(async (line) => {
        const [pid = '', role = ''] = line.split(' ')
        const variables = (await machine.read(`/proc/${pid}/environ`)).split('\0')
        return [role, variables.find((one) => one.startsWith('DB_PASSWORD=')) ?? 'none'] as const
      })
      return Object.fromEntries(await Promise.all(pairs))
    }
    const has = (value: string) => async () => (await given())['terminal'] === `DB_PASSWORD=${value}`
    await machine.until('the terminal has it', has('secret-of-the-database'))
    expect(await given()).toMatchObject({ agent: 'none', files: 'none', apps: 'none' })
    await machine.write(file, 'secret-that-is-new\n')
    await machine.do('systemctl', 'restart', 'dev-orchestrator.service')
    // By the user's own hand: the daemon's variables are not that shell's.
    await machine.as('dev', `DEVORCH_HOME=${home} ${nodeInside} /opt/devorch/dist/main.js restart shop`)
    await machine.until('the terminal has the new one', has('secret-that-is-new'))
    expect(await log()).not.toContain('secret-')
  })

  it('has panes that can do what the user can after a login', async () => {
    const { machine, build } = await install()
    await build('shop')
    const line =
      'echo "$HOME|$PATH|$SHELL|$LANG|$(id -un)|$(sudo -n id -un)|$(mktemp)|$(umask)|$NOTIFY_SOCKET$LISTEN_FDS|$CREDENTIALS_DIRECTORY" > ~/told'
    const pane = (await machine.as('dev', "tmux list-panes -s -t =shop-dev: -F '#{pane_id} #{@devorch_role}'"))
      .split('\n')
      .find((one) => one.endsWith(' terminal'))
    await machine.as('dev', `tmux send-keys -t ${pane?.split(' ')[0] ?? ''} -l '${line}'`)
    await machine.as('dev', `tmux send-keys -t ${pane?.split(' ')[0] ?? ''} Enter`)
    await machine.until(
      'the pane has answered',
      async () => (await machine.run(['test', '-s', '/home/dev/told'])).code === 0,
    )
    const [userHome, path, shell, lang, name, root, temporary, umask, left, credentials] = (
      await machine.read('/home/dev/told')
    )
      .trim()
      .split('|')
    expect({ userHome, shell, name, root, umask, left, credentials }).toEqual({
      userHome: '/home/dev',
      shell: '/bin/bash',
      name: 'dev',
      root: 'root',
      umask: '0022',
      left: '',
      credentials: '',
    })
    expect(path).toMatch(/^\/home\/dev\/\.local\/bin:/)
    expect(lang).toMatch(/UTF-8/i)
    expect(temporary).toMatch(/^\/tmp\//)
  })

  it('leaves a tmux server of the user alone, uses it, and has one of its own when that has ended', async () => {
    const { machine, property, build, log } = await install({
      before: async (early) => {
        await early.as('dev', 'tmux new-session -d -s mine')
      },
    })
    const pid = () => machine.as('dev', "tmux display-message -p '#{pid}'")
    const theirs = await pid()
    await build('shop')
    expect(await machine.as('dev', "tmux list-sessions -F '#{session_name}'")).toBe('mine\nshop-dev')
    expect(await pid()).toBe(theirs)
    const unit = 'dev-orchestrator-tmux.service'
    expect(await property('ActiveState', unit)).toBe('active')
    expect(await machine.do('journalctl', '--no-pager', '-o', 'cat', '-u', unit)).toContain(
      'a tmux server of dev answers already: it is left alone',
    )
    await machine.as('dev', 'tmux kill-server')
    await machine.until(
      'the unit has a server',
      async () => (await machine.run(['runuser', '-l', 'dev', '-c', 'tmux -N show-options -s'])).code === 0,
    )
    await build('cart')
    expect(await pid()).toBe(await property('MainPID', unit))
    expect(await log()).not.toMatch(/unexpected/)
  })

  it('refuses a socket that is open to others without a secret, whatever its configuration says', async () => {
    const { machine, log } = await install({
      service: ['LoadCredential='],
      socket: ['ListenStream=', 'ListenStream=0.0.0.0:8080'],
      starts: false,
    })
    await machine.until('it is refused', async () => (await log()).includes('no secret is configured'))
    expect(await log()).toMatch(/listen on 0\.0\.0\.0: no secret is configured/)
    expect(await log()).not.toContain('ready url=')
  })

  it('never starts a tmux server itself', async () => {
    const { machine, call } = await install({
      // It could, as far as the unit's rules go.
      service: ['ReadWritePaths=/tmp'],
      before: async (early) => {
        const never = '[Unit]\nConditionPathExists=/nonexistent\n'
        await early.write('/etc/systemd/system/dev-orchestrator-tmux.service.d/never.conf', never)
        await early.do('systemctl', 'daemon-reload')
        await early.write(
          `${home}/config.yaml`,
          JSON.stringify({ ...config, worker: { min_free_memory_mb: 0, attempts: 1 } }),
        )
      },
    })
    const answer = await call('/create-session', { project_name: 'shop', repo_url: 'file:///srv/git/shop' })
    expect(answer).toMatchObject({ status: 500 })
    expect((await machine.run(['pgrep', '-x', 'tmux: server'])).code).toBe(1)
  })
})
