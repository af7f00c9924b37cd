import { expect, it } from 'vitest'
import { appliedReport } from '../../src/session/applied-report.js'

it('stays readable for a template of thousands of files', () => {
  const created = Array.from({ length: 5000 }, (_, at) => `file-${at.toString()}`)
  const report = appliedReport({ created, identical: [], skipped: ['README.md'] })
  expect(report.created).toEqual(created.slice(0, 100))
  expect(report).toMatchObject({ skipped: ['README.md'], counts: { created: 5000, identical: 0, skipped: 1 } })
  expect(JSON.stringify(report).length).toBeLessThan(3000)
})

it('is empty where no template was applied', () => {
  expect(appliedReport(undefined).counts).toEqual({ created: 0, identical: 0, skipped: 0 })
})
