import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import App from '../App.vue'

describe('App', () => {
  it('shows its title', () => {
    const app = mount(App, { props: { title: 'Greenhouse' } })
    expect(app.get('h1').text()).toBe('Greenhouse')
  })

  it('counts clicks', async () => {
    const app = mount(App, { props: { title: 'Greenhouse' } })
    const button = app.get('button')
    expect(button.text()).toBe('Clicked 0 times')
    await button.trigger('click')
    expect(button.text()).toBe('Clicked 1 time')
  })
})
