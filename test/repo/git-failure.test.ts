import { expect, test } from 'vitest'
import { gitFailure } from '../../src/repo/git-failure.js'

test('a program that can not be executed is no fault of the repository', () => {
  const stderr = 'setsid: failed to execute /opt/devorch/dist/repo/bounded-git.sh: Permission denied\n'
  const failure = gitFailure({ ended: 'exited', code: 126, stdout: '', stderr }, 'clone https://example.com/a')
  expect(failure).toMatchObject({
    kind: 'local',
    problem: { because: 'the program lies where nothing can be executed', remedy: /noexec/ },
  })
})
