import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { isNarrow } from '../state/screen.ts'

export type Column<Row> = {
  readonly heading: string
  /** A track of the grid: `minmax(8rem, 2fr)`. */
  readonly width: string
  readonly cell: (row: Row) => ComponentChildren
  readonly isNumber?: boolean
  /** It is left out where there is room for little. */
  readonly isExtra?: boolean
}

export type VirtualTableProps<Row> = {
  /** What the table is of, for who cannot see it. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string | number
  /** Where a row leads to; absent: nowhere. */
  readonly hrefOf?: (row: Row) => string
  readonly isChosen?: (row: Row) => boolean
  readonly empty: ComponentChildren
  /** There is something beside it: what can be left out is. */
  readonly isCompact?: boolean
  /** Rows that are seen at once, at most. */
  readonly visibleMax?: number
}

const ROW_PX = 40
/** What a column that shares the room has at least on a small screen; where that is too much for it, the table is moved sideways. */
const NARROW_LEAST = '4.5rem'
/** Rows above and below what is seen. */
const SPARE = 6

/** A table of any length: only the rows that are seen are in the document, and each says which of how many it is. */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, columns, rows, empty, isCompact = false, visibleMax = 14 } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const height = Math.min(rows.length, visibleMax) * ROW_PX
  const shownColumns = isNarrow.value || isCompact ? columns.filter(({ isExtra }) => isExtra !== true) : columns
  const template = shownColumns
    .map(({ width }) => (isNarrow.value ? width.replace(/minmax\([^,]+,/, `minmax(${NARROW_LEAST},`) : width))
    .join(' ')
  useEffect(() => {
    const element = scroller.current
    if (element !== null && element.scrollTop > rows.length * ROW_PX) element.scrollTop = 0
  }, [rows.length])
  if (rows.length === 0) return <>{empty}</>
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE)
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + SPARE)
  return (
    <div
      class="table scroller"
      ref={scroller}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      style={{ maxHeight: `${height + ROW_PX}px` }}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div role="rowgroup" class="head-group">
        <div class="row head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          {shownColumns.map(({ heading, isNumber }) => (
            <div key={heading} role="columnheader" class={isNumber === true ? 'number' : undefined}>
              {heading}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" style={{ height: `${rows.length * ROW_PX}px` }} class="canvas">
        <div role="presentation" style={{ transform: `translateY(${first * ROW_PX}px)` }}>
          {rows.slice(first, last).map((row, index) => (
            <Line
              key={props.keyOf(row)}
              row={row}
              place={first + index + 2}
              columns={shownColumns}
              template={template}
              href={props.hrefOf?.(row)}
              isChosen={props.isChosen?.(row) === true}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

type LineProps<Row> = {
  readonly row: Row
  readonly place: number
  readonly columns: readonly Column<Row>[]
  readonly template: string
  readonly href: string | undefined
  readonly isChosen: boolean
}

function Line<Row>({ row, place, columns, template, href, isChosen }: LineProps<Row>) {
  return (
    <div
      class={`row${isChosen ? ' chosen' : ''}${href === undefined ? '' : ' leads'}`}
      role="row"
      aria-rowindex={place}
      style={{ gridTemplateColumns: template }}
      onClick={href === undefined ? undefined : () => (location.hash = href)}
    >
      {columns.map(({ heading, cell, isNumber }, index) => (
        <div key={heading} role="cell" class={isNumber === true ? 'number' : undefined}>
          {index === 0 && href !== undefined ? (
            <a href={href} aria-current={isChosen ? 'true' : undefined} onClick={(event) => event.stopPropagation()}>
              {cell(row)}
            </a>
          ) : (
            cell(row)
          )}
        </div>
      ))}
    </div>
  )
}
