import { describe, expect, it } from 'vitest'
import { atLeast, atMost, beside, isMet, line, missing, percentile, slopeOf, spreadOf } from './figures.js'
import { json, table } from './table.js'

describe('figures', () => {
  it('have a median, also of an even number, and their least and most', () => {
    expect(spreadOf([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 })
    expect(spreadOf([4, 1, 9, 2])).toEqual({ median: 3, min: 1, max: 9 })
  })

  it('have a percentile by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(percentile(hundred, 0.99)).toBe(99)
    expect(percentile([7], 0.99)).toBe(7)
  })

  it('have the slope of the line through them', () => {
    expect(
      slopeOf([
        [0, 10],
        [10, 30],
        [20, 50],
      ]),
    ).toBe(2)
    // By hand: means 2 and 5, sum of products 6, sum of squares 14.
    expect(
      slopeOf([
        [0, 4],
        [1, 5],
        [5, 6],
      ]),
    ).toBeCloseTo(5 / 14)
  })

  it('are met by the median where they stand by themselves, by the ratio beside others', () => {
    const ours = line('devorch', [100, 110, 500], atMost(110))
    expect(isMet(ours)).toBe(true)
    expect(isMet(line('devorch', [111], atMost(110)))).toBe(false)
    expect(isMet(beside(ours, 'script', [100], atMost(1.1)))).toBe(true)
    expect(isMet(beside(ours, 'script', [99], atMost(1.1)))).toBe(false)
    expect(isMet(beside(ours, 'script', [110], atLeast(1)))).toBe(true)
    expect(isMet(beside(ours, 'script', [111], atLeast(1)))).toBe(false)
  })

  it('have no verdict without a target, without a figure, and no ratio to nothing', () => {
    expect(isMet(line('devorch', [1]))).toBe(null)
    expect(isMet(missing('webhook', 'apt-get install webhook'))).toBe(null)
    expect(beside(line('devorch', [1]), 'node', [0]).times).toBe(null)
  })
})

describe('the table', () => {
  const ours = line('devorch', [160, 150, 200])
  const comparisons = [
    {
      what: 'four panes',
      unit: 'ms',
      lines: [
        ours,
        beside(ours, 'one tmux call', [128], atMost(1.2)),
        beside(ours, 'tmuxp', [3200], atMost(0.1)),
        missing('tmuxinator', 'apt-get install tmuxinator'),
      ],
    },
    { what: 'a choice', unit: 'ms', lines: [line('devorch', [0.0456], atMost(1))] },
  ]

  it('says each figure, what is beside it and whether its target is met', () => {
    expect(table(comparisons)).toBe(
      [
        '| measured       | of            | median (min…max)                          | runs | devorch by it | target               |',
        '| -------------- | ------------- | ----------------------------------------- | ---- | ------------- | -------------------- |',
        '| four panes, ms | devorch       | 160 (150…200)                             | 3    |               |                      |',
        '|                | one tmux call | 128                                       | 1    | 1.25          | at most 1.2: not met |',
        '|                | tmuxp         | 3200                                      | 1    | 0.050         | at most 0.1: met     |',
        '|                | tmuxinator    | not installed: apt-get install tmuxinator |      |               |                      |',
        '| a choice, ms   | devorch       | 0.046                                     | 1    |               | at most 1: met       |',
      ].join('\n'),
    )
  })

  it('is the same for programs', () => {
    expect(json('panes', comparisons.slice(0, 1))).toEqual([
      {
        row: 'panes',
        what: 'four panes',
        unit: 'ms',
        lines: [
          { who: 'devorch', median: 160, min: 150, max: 200, runs: 3, times: null, target: null, met: null },
          {
            who: 'one tmux call',
            ...{ median: 128, min: 128, max: 128, runs: 1 },
            ...{ times: 1.25, target: { kind: 'at most', value: 1.2 }, met: false },
          },
          {
            who: 'tmuxp',
            ...{ median: 3200, min: 3200, max: 3200, runs: 1 },
            ...{ times: 0.05, target: { kind: 'at most', value: 0.1 }, met: true },
          },
          { who: 'tmuxinator', missing: 'apt-get install tmuxinator', runs: 0, times: null, target: null, met: null },
        ],
      },
    ])
  })
})
