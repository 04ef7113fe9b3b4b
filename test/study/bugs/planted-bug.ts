/** Kinds of mistakes that people make in code that must not have them. */
export const BUG_CLASSES = [
  'lost-update',
  'double-settle',
  'dropped-supervisor-message',
  'unsynced-write',
  'off-by-one-deadline',
  'reputation-counted-twice',
  'budget',
  'isolation',
  'agreement',
] as const

export type BugClass = (typeof BUG_CLASSES)[number]

/** One mistake in one file of the product: a text that is there exactly once, and what stands in its place. */
export type PlantedBug = {
  readonly name: string
  readonly class: BugClass
  /** Below the root of the repository. */
  readonly file: string
  readonly search: string
  readonly replacement: string
  /** What goes wrong with it. */
  readonly what: string
  /** Scenarios that meet this code, in the order in which they are tried. Default `chaos`. */
  readonly scenarios?: readonly string[]
}

/** The text with the mistake. Throws where the text to be replaced is not there exactly once: the patch has rotted. */
export function plantInto(
  text: string,
  { name, file, search, replacement }: Omit<PlantedBug, 'class' | 'what'>,
): string {
  const parts = text.split(search)
  if (parts.length === 2) return parts.join(replacement)
  throw new TypeError(`${name}: ${parts.length - 1} places in ${file} are the one to be replaced`)
}
