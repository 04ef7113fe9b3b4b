/** Columns that the right side of a pair needs to be readable beside the left one. */
const RIGHT_WIDTH_MIN = 28

/** Words on lines of at most `width` characters; a word that is longer has a line of its own. `width` may be Infinity. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Two columns, the right one wrapped: beside each other while the right side keeps a readable width, else below each other. */
export function formatPairs(rows: readonly (readonly [string, string])[], width: number): readonly string[] {
  const indent = Math.max(0, ...rows.map(([left]) => left.length)) + 4
  const isWide = width - indent >= RIGHT_WIDTH_MIN
  return rows.flatMap(([left, right]) => {
    if (!isWide) return [...indented(left, 2, width), ...indented(right, 6, width)]
    const [first = '', ...rest] = wrapText(right, width - indent)
    return [`  ${left.padEnd(indent - 2)}${first}`, ...rest.map((line) => `${' '.repeat(indent)}${line}`)]
  })
}

function indented(text: string, by: number, width: number): readonly string[] {
  return wrapText(text.replace(/ +/g, ' ').trimEnd(), width - by).map((line) => `${' '.repeat(by)}${line}`)
}
