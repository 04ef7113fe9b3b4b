import type { ComponentChildren } from 'preact'

export type DataColumn<Row> = {
  readonly heading: string
  readonly cell: (row: Row) => ComponentChildren
  readonly isNumber?: boolean
}

type DataTableProps<Row> = {
  readonly caption: string
  readonly columns: readonly DataColumn<Row>[]
  readonly rows: readonly Row[]
  readonly empty?: ComponentChildren
}

/** Rows that are put into the document; tables that may be longer are virtual. */
const ROWS_MAX = 200

/** A short table, whole. */
export function DataTable<Row>({ caption, columns, rows, empty }: DataTableProps<Row>) {
  if (rows.length === 0) return <>{empty ?? <p class="none">None.</p>}</>
  return (
    <div class="sideways" tabIndex={0} role="group" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ heading, isNumber }) => (
              <th key={heading} scope="col" class={isNumber === true ? 'number' : undefined}>
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MAX).map((row, index) => (
            <tr key={index}>
              {columns.map(({ heading, cell, isNumber }) => (
                <td key={heading} class={isNumber === true ? 'number' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MAX && <p class="none">{rows.length - ROWS_MAX} more are not shown.</p>}
    </div>
  )
}
