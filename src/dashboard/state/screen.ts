import { signal, type ReadonlySignal } from '@preact/signals'

const NARROW = '(max-width: 719px)'

function mediaSignal(query: string): ReadonlySignal<boolean> {
  const media = matchMedia(query)
  const matches = signal(media.matches)
  media.addEventListener('change', (event) => {
    matches.value = event.matches
  })
  return matches
}

/** A screen that has room for one column. */
export const isNarrow: ReadonlySignal<boolean> = mediaSignal(NARROW)
