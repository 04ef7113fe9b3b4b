import { effect, signal, type Signal } from '@preact/signals'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'kernell-theme'

export const theme: Signal<Theme> = signal(storedTheme())

/** Keeps the document in the chosen theme. */
export function followTheme(): void {
  effect(() => {
    const { dataset } = document.documentElement
    if (theme.value === 'system') delete dataset['theme']
    else dataset['theme'] = theme.value
    localStorage.setItem(KEY, theme.value)
  })
}

export function nextTheme(): void {
  const place = THEMES.indexOf(theme.value)
  theme.value = THEMES[(place + 1) % THEMES.length] ?? 'system'
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY)
  return THEMES.find((known) => known === stored) ?? 'system'
}
