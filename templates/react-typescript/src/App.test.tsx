import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it } from 'vitest'
import { App } from './App'

describe('App', () => {
  it('shows its title', () => {
    render(<App title="Greenhouse" />)
    expect(screen.getByRole('heading', { name: 'Greenhouse' })).toBeInTheDocument()
  })

  it('counts clicks', async () => {
    render(<App title="Greenhouse" />)
    const button = screen.getByRole('button')
    expect(button).toHaveTextContent('Clicked 0 times')
    await userEvent.click(button)
    expect(button).toHaveTextContent('Clicked 1 time')
  })
})
