import { expect, it } from 'vitest'
import { composeTracker } from '../../src/tracker/compose.js'

it('writes goal, what stands, next steps and log', () => {
  const text = composeTracker({
    project: 'test-app',
    repositoryUrl: 'https://github.com/acme/test-app.git',
    summary: ' A small react dashboard\n',
    template: { id: 'react-typescript', title: 'React with TypeScript' },
  })
  expect(text).toBe(`# test-app: progress tracker

## Goal

A small react dashboard

## What stands

- Repository: https://github.com/acme/test-app.git
- Template: react-typescript (React with TypeScript)

## Next steps

- [ ] Read the README and the layout of the repository
- [ ] Install the dependencies and run the tests
- [ ] Break the goal into steps and list them here

## Log

- The session was created.
`)
})

it('asks for the goal where none is given', () => {
  const text = composeTracker({ project: 'x', repositoryUrl: 'file:///srv/x', summary: ' \n' })
  expect(text).toContain('Not written down yet')
  expect(text).toContain('- [ ] Agree on the goal\n')
  expect(text).not.toContain('Template')
})

it('lists what the template suggests to do first, each on one line', () => {
  const template = { id: 'x', title: 'T', steps: ['npm install', 'npm test\n## Goal'] }
  const text = composeTracker({ project: 'x', repositoryUrl: 'file:///srv/x', summary: 'A thing', template })
  expect(text).toContain(
    '- [ ] Read the README and the layout of the repository\n- [ ] npm install\n- [ ] npm test\\u000a## Goal\n- [ ] Break',
  )
  expect(text).not.toContain('Install the dependencies')
})
