import { shownCount, shownPart } from '../state/shown-numbers.ts'
import { visibleText } from '../state/visible-text.ts'

export type Share = { readonly name: string; readonly value: number; readonly tone?: string }

/** Colours for shares that have no tone of their own, by their place. */
const SERIES = 8

/** Parts of a whole as one bar, with a legend that has the figures. */
export function ShareBar({ label, shares }: { readonly label: string; readonly shares: readonly Share[] }) {
  const whole = shares.reduce((sum, { value }) => sum + value, 0)
  const toned = shares.map((share, index) => ({ ...share, tone: share.tone ?? `series-${index % SERIES}` }))
  let left = 0
  return (
    <div class="shares">
      <svg
        class="share-bar"
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        role="img"
        aria-label={summaryOf(label, shares, whole)}
      >
        <rect class="track" width="100" height="4" />
        {whole > 0 &&
          toned.map(({ name, value, tone }) => {
            const width = (value / whole) * 100
            const x = left
            left += width
            return <rect key={name} class={`fill ${tone}`} x={x} width={Math.max(0, width - 0.25)} height="4" />
          })}
      </svg>
      <ul class="legend" role="list">
        {toned.map(({ name, value, tone }) => (
          <li key={name}>
            <span class={`dot ${tone}`} aria-hidden="true" />
            <bdi>{visibleText(name.slice(0, 60))}</bdi>
            <span class="legend-value">
              {shownCount(value)} <span class="dim">{shownPart(value, whole)}</span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

function summaryOf(label: string, shares: readonly Share[], whole: number): string {
  const parts = shares.map(({ name, value }) => `${visibleText(name.slice(0, 60))} ${shownPart(value, whole)}`)
  return `${label}: ${whole === 0 ? 'nothing yet' : parts.join(', ')}`
}

/** How much of something is used. */
export function Meter({
  label,
  part,
  whole,
  tone = 'accent',
}: {
  readonly label: string
  readonly part: number
  readonly whole: number
  readonly tone?: string
}) {
  const share = whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole))
  return (
    <svg
      class="meter"
      viewBox="0 0 100 3"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${shownPart(part, whole)}`}
    >
      <rect class="track" width="100" height="3" />
      <rect class={`fill ${tone}`} width={share * 100} height="3" />
    </svg>
  )
}
