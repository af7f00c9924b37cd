import { render, screen } from '@testing-library/svelte'
import userEvent from '@testing-library/user-event'
import { describe, expect, it } from 'vitest'
import Counter from './Counter.svelte'

describe('Counter', () => {
  it('begins where it is told', () => {
    render(Counter, { start: 5 })
    expect(screen.getByRole('button').textContent).toBe('Clicked 5 times')
  })

  it('counts clicks', async () => {
    render(Counter)
    const button = screen.getByRole('button')
    expect(button.textContent).toBe('Clicked 0 times')
    await userEvent.click(button)
    expect(button.textContent).toBe('Clicked 1 time')
  })
})
