import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../src/template/catalogue.js'
import { belowFloors, parseCases, scoreOf, share, type Answer } from './score.js'

const heading = 'id\tkind\tacceptable\ttext\n'

const answer = (kind: string, id: string, by: Answer['by'] = 'rule'): Answer => ({
  case: { id: 'a-1', kind, acceptable: ['right', 'also-right'], text: '' },
  id,
  by,
  words: [],
})

describe('cases', () => {
  it('are lines of four columns', () => {
    expect(parseCases(`${heading}a-1\tmulti\tone, two\tfirst\\nsecond\n\n`)).toEqual([
      { id: 'a-1', kind: 'multi', acceptable: ['one', 'two'], text: 'first\nsecond' },
    ])
    expect(() => parseCases('id\ttext\n')).toThrow('line 1')
    expect(() => parseCases(`${heading}a-1\tmulti\tone\n`)).toThrow('line 2')
    expect(() => parseCases(`${heading}a-1\tmulti\tone\ttext\tmore\n`)).toThrow('line 2')
  })

  it('of the project name existing templates, once each, and cover every template', async () => {
    const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
    const cases = parseCases(await readFile(path('cases.tsv'), 'utf8'))
    const { templates, broken } = await loadCatalogue([path('../../templates')])
    const named = new Set(cases.flatMap((one) => one.acceptable))
    expect(broken).toEqual([])
    expect([...named].filter((id) => !templates.has(id))).toEqual([])
    expect([...templates.keys()].filter((id) => !named.has(id))).toEqual([])
    expect(new Set(cases.map((one) => one.id)).size).toBe(cases.length)
    expect(cases.length).toBeGreaterThan(300)
  })
})

describe('the score', () => {
  it('has intervals by Wilson', () => {
    // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 is 0.2553 to 0.3662.
    const found = share(81, 263)
    expect([found.low, found.high].map((bound) => bound.toFixed(4))).toEqual(['0.2553', '0.3662'])
    expect(share(0, 0)).toMatchObject({ rate: 0, low: 0, high: 1 })
    expect(share(5, 5).high).toBe(1)
  })

  it('counts by kind, and what is wrong with confidence among the delicate kinds', () => {
    const score = scoreOf([
      answer('explicit', 'right'),
      answer('explicit', 'wrong'),
      answer('homonym', 'also-right'),
      answer('homonym', 'wrong', 'rank'),
      answer('negative', 'wrong', 'fallback'),
    ])
    expect([...score.kinds].map(([kind, { count, of }]) => [kind, count, of])).toEqual([
      ['explicit', 1, 2],
      ['homonym', 1, 2],
      ['negative', 0, 1],
    ])
    expect(score.overall).toMatchObject({ count: 2, of: 5 })
    expect(score.wrongButConfident).toMatchObject({ count: 1, of: 3 })
    expect(belowFloors(score).map((line) => line.split(':')[0])).toEqual(['explicit', 'overall', 'wrong but confident'])
  })

  it('that is good has nothing below the floors', () => {
    expect(belowFloors(scoreOf([answer('explicit', 'right'), answer('negative', 'right')]))).toEqual([])
  })
})
