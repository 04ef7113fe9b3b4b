import { useState } from 'preact/hooks'
import { isNarrow } from '../state/screen.ts'
import { shownInstant, shownTime } from '../state/shown-numbers.ts'
import { DataTable } from './data-table.tsx'

export type Series = { readonly name: string; readonly tone: string; readonly values: readonly number[] }

type TimeChartProps = {
  readonly title: string
  /** Milliseconds since 1970, one for each value. */
  readonly at: readonly number[]
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  /** How an instant is called; absent: by its time of day. */
  readonly nameOf?: (at: number | undefined) => string
}

/** Units of the drawing; fewer on a small screen, so that its words stay as large. */
const WIDTHS = { wide: 720, narrow: 380 } as const
const HEIGHT = 200
const LEFT = 64
const BOTTOM = 24
const TOP = 12
const LINES = 4
/** What is not nothing is seen. */
const LEAST_BAR = 1.5

/** Values over time as a picture, and the same as a table. */
export function TimeChart({ title, at, series, format, nameOf }: TimeChartProps) {
  const [isTable, setTable] = useState(false)
  const most = niceMost(Math.max(0, ...series.flatMap(({ values }) => values)))
  return (
    <figure class="chart">
      <figcaption>
        <ul class="legend inline" role="list">
          {series.map(({ name, tone }) => (
            <li key={name}>
              <span class={`dot ${tone}`} aria-hidden="true" />
              {name}
            </li>
          ))}
        </ul>
        <button type="button" class="quiet" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'As a chart' : 'As a table'}
        </button>
      </figcaption>
      {isTable ? (
        <DataTable
          caption={title}
          rows={at.map((instant, index) => ({ instant, index })).toReversed()}
          columns={[
            { heading: 'from', cell: ({ instant }) => (nameOf ?? shownInstant)(instant) },
            ...series.map(({ name, values }) => ({
              heading: name,
              isNumber: true,
              cell: ({ index }: { readonly index: number }) => format(values[index] ?? 0),
            })),
          ]}
        />
      ) : (
        <Picture title={title} at={at} series={series} format={format} most={most} {...(nameOf && { nameOf })} />
      )}
    </figure>
  )
}

function Picture({ title, at, series, format, nameOf, most }: TimeChartProps & { readonly most: number }) {
  const width = isNarrow.value ? WIDTHS.narrow : WIDTHS.wide
  const step = (width - LEFT - 8) / Math.max(1, at.length)
  const barWidth = Math.max(1.5, step * 0.72)
  const x = (index: number): number => LEFT + (index + 0.5) * step
  const y = (value: number): number => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM)
  const places = Array.from({ length: LINES + 1 }, (_unused, index) => (most / LINES) * index)
  const labels = [0, Math.floor((at.length - 1) / 2), at.length - 1]
  return (
    <svg
      class="picture"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="img"
      aria-label={summaryOf({ title, series, format, at, ...(nameOf && { nameOf }) })}
    >
      {places.map((value) => (
        <g key={value}>
          <line class="grid" x1={LEFT} x2={width - 8} y1={y(value)} y2={y(value)} />
          <text class="tick" x={LEFT - 8} y={y(value) + 4} text-anchor="end">
            {format(value)}
          </text>
        </g>
      ))}
      {labels.map((index, place) => (
        <text key={place} class="tick" x={x(index)} y={HEIGHT - 6} text-anchor={ANCHORS[place]}>
          {nameOf === undefined ? shownTime(at[index]).slice(0, 5) : nameOf(at[index])}
        </text>
      ))}
      {series.map(({ name, tone, values }) => (
        <g key={name} class={tone}>
          {values.map((value, index) => (
            <rect
              key={index}
              class="bar"
              x={x(index) - barWidth / 2}
              width={barWidth}
              y={value === 0 ? y(0) : Math.min(y(value), y(0) - LEAST_BAR)}
              height={value === 0 ? 0 : Math.max(LEAST_BAR, y(0) - y(value))}
              rx={1.5}
            >
              <title>{`${(nameOf ?? shownInstant)(at[index])}: ${name} ${format(value)}`}</title>
            </rect>
          ))}
        </g>
      ))}
    </svg>
  )
}

const ANCHORS = ['start', 'middle', 'end'] as const

/** 1, 2 or 5 times a power of ten, not below the value: lines then stand at numbers that people like. */
function niceMost(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 4, 5, 10].find((factor) => factor * power >= value) ?? 10
  return step * power
}

function summaryOf({ title, series, format, at, nameOf = shownInstant }: TimeChartProps): string {
  const parts = series.map(({ name, values }) => {
    const total = values.reduce((sum, value) => sum + value, 0)
    return `${name}: ${format(total)} in all, at most ${format(Math.max(0, ...values))}`
  })
  return `${title}, ${nameOf(at[0])} to ${nameOf(at.at(-1))}. ${parts.join('. ')}`
}
