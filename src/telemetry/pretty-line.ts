const COLOURS: ReadonlyMap<string, string> = new Map([
  ['trace', '2'],
  ['debug', '2'],
  ['info', '32'],
  ['warn', '33'],
  ['error', '31'],
  ['fatal', '31;1'],
])

/** Members that the line shows elsewhere, or that say nothing on a terminal. */
const OWN = new Set(['time', 'level', 'msg', 'pid'])

/** A line of the log for people: time, level, message, fields as `name=value`. What acts on a terminal comes out as its escape. */
export function prettyLine(json: string, isColoured: boolean): string {
  const line = JSON.parse(json) as Readonly<Record<string, unknown>>
  const level = String(line['level'])
  const fields = Object.entries(line)
    .filter(([name]) => !OWN.has(name))
    .map(([name, value]) => `${name}=${shown(value)}`)
  const word = level.toUpperCase().padEnd(5)
  const colour = isColoured ? COLOURS.get(level) : undefined
  const shownLevel = colour === undefined ? word : `\u001b[${colour}m${word}\u001b[0m`
  return `${[String(line['time']).slice(11, 23), shownLevel, plain(String(line['msg'])), ...fields].join(' ')}\n`
}

function shown(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@%+-]+$/.test(value)) return value
  return plain(JSON.stringify(value) ?? 'undefined')
}

/** Control characters, and those that turn the direction of text, as `\uXXXX`. */
function plain(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
