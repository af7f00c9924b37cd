import type { PanePlan, TmuxPlan, WindowPlan } from '../../src/tmux/script.js'

/** A plan's one window `dev`, arranged as the default layout has it. */
export function oneWindow(
  panes: readonly PanePlan[],
  more: Partial<WindowPlan> = {},
): Pick<TmuxPlan, 'options' | 'windows' | 'focus'> {
  const options = [['main-pane-width', '109']] as const
  const window = { name: 'dev', layout: 'main-vertical', options, optionsAfter: [], focus: 0, panes, ...more }
  return { options: [], windows: [window], focus: 0 }
}
