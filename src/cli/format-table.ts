import { stripVTControlCharacters } from 'node:util'

/** A column of a table: its heading, how its cells are set, and whether it may be cut when the terminal is narrow. */
export type Column = { readonly heading: string; readonly align?: 'left' | 'right'; readonly isFlexible?: boolean }

const GAP = '  '
const FLEXIBLE_WIDTH_MIN = 8

/**
 * Rows under headings, as wide as needed. On a narrow terminal flexible columns are cut with `…`; if that is not enough, each row becomes lines of
 * `heading: cell`.
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  const natural = columns.map((column, index) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[index] ?? '')), displayWidth(column.heading)),
  )
  const widths = fitWidths(columns, natural, width)
  if (widths === undefined) return formatAsLines(columns, rows)
  const headings = formatRow(
    columns,
    columns.map((column) => column.heading),
    widths,
  )
  return [
    headings,
    widths.map((cells) => '-'.repeat(cells)).join(GAP),
    ...rows.map((row) => formatRow(columns, row, widths)),
  ].join('\n')
}

function fitWidths(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): readonly number[] | undefined {
  const widths = [...natural]
  let excess = widths.reduce((sum, cells) => sum + cells, 0) + GAP.length * (widths.length - 1) - width
  while (excess > 0) {
    let widest = -1
    for (const [index, column] of columns.entries()) {
      const isCuttable = column.isFlexible === true && (widths[index] ?? 0) > FLEXIBLE_WIDTH_MIN
      if (isCuttable && (widest === -1 || (widths[index] ?? 0) > (widths[widest] ?? 0))) widest = index
    }
    if (widest === -1) return undefined
    widths[widest] = (widths[widest] ?? 0) - 1
    excess -= 1
  }
  return widths
}

function formatRow(columns: readonly Column[], cells: readonly string[], widths: readonly number[]): string {
  const padded = columns.map((column, index) => padCell(cells[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
  return padded.join(GAP).trimEnd()
}

function formatAsLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  return rows
    .map((row) => columns.map((column, index) => `${column.heading}: ${row[index] ?? ''}`).join('\n'))
    .join('\n\n')
}

function padCell(text: string, width: number, align: 'left' | 'right'): string {
  const cut = cutText(text, width)
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(cut)))
  return align === 'right' ? `${blanks}${cut}` : `${cut}${blanks}`
}

/** The text in at most `width` columns, with `…` where something is missing. Line ends become spaces, control characters vanish. */
export function cutText(text: string, width: number): string {
  const plain = text.replace(/\s+/g, ' ')
  if (displayWidth(plain) <= width) return plain
  let cut = ''
  let used = 0
  for (const character of plain) {
    const columns = displayWidth(character)
    if (used + columns > width - 1) break
    cut += character
    used += columns
  }
  return `${cut}…`
}

/** Columns that a text takes: colour codes none, East Asian wide characters and emoji two. */
export function displayWidth(text: string): number {
  const plain = stripVTControlCharacters(text)
  let width = 0
  for (const character of plain) width += WIDE.test(character) ? 2 : 1
  return width
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
