import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it } from 'vitest'
import Home from '@/app/page'
import { siteName } from '@/app/site'

describe('the home page', () => {
  it('shows the name of the site', () => {
    render(<Home />)
    expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent(siteName)
  })

  it('counts clicks', async () => {
    render(<Home />)
    const button = screen.getByRole('button')
    expect(button).toHaveTextContent('Clicked 0 times')
    await userEvent.click(button)
    expect(button).toHaveTextContent('Clicked 1 time')
  })
})
