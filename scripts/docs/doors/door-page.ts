import type { ApiItem, ExcerptToken } from './api-item.ts'
import { docstringOf, firstSentenceOf } from './docstring.ts'
import type { ReadDoor } from './read-doors.ts'
import { slugOf } from '../slug.ts'

/** Where names are explained: on which page, under which heading. Names that mean several things are not in it. */
export type NameIndex = ReadonlyMap<string, { readonly path: string; readonly anchor: string; readonly file: string }>

/** Longer declarations are tables; a reader wants their beginning, and the place of the rest. */
const SIGNATURE_LINES_MAX = 80

const KINDS: readonly { readonly kind: ApiItem['kind']; readonly title: string }[] = [
  { kind: 'Namespace', title: 'Namespaces' },
  { kind: 'Function', title: 'Functions' },
  { kind: 'Class', title: 'Classes' },
  { kind: 'Interface', title: 'Interfaces' },
  { kind: 'Variable', title: 'Values' },
  { kind: 'TypeAlias', title: 'Types' },
]

/** The page of a door, from the root of the site. */
export function pathOfDoor({ slug }: Pick<ReadDoor, 'slug'>): string {
  return `library/${slug}.md`
}

/** The page of all doors. */
export function libraryPage(doors: readonly ReadDoor[]): string {
  const rows = doors.map(
    (door) =>
      `| [\`${door.specifier}\`](${door.slug}.md) | ${door.items.length} | ${cell(firstSentenceOf(door.introduction))} |`,
  )
  return `# The library

Made from the declarations of the package and their docstrings. Each door is a module of its own: \`import { … } from 'kernell-os/router'\` loads what the router needs and nothing else.

| door | names | what it is |
|---|---|---|
${rows.join('\n')}
`
}

/** The page of one door: what it says of itself, a table of its names, and each with its signature and docstring. */
export function doorPage(door: ReadDoor, names: NameIndex): string {
  const sections = KINDS.flatMap(({ kind, title }) => {
    const items = door.items.filter((item) => item.kind === kind)
    return items.length === 0 ? [] : [{ title, items }]
  })
  const tables = sections.map(({ title, items }) => {
    const rows = items.map((item) => {
      const sentence = firstSentenceOf(docstringOf(item.docComment))
      return `| [\`${item.name}\`](#${anchorOf(item, door)}) | ${cell(sentence)} |`
    })
    return `| ${title.toLowerCase()} | what it is |\n|---|---|\n${rows.join('\n')}\n`
  })
  const context = { door, names }
  const explained = sections.map(
    ({ title, items }) => `## ${title}\n\n${items.map((item) => explain(item, context)).join('\n')}`,
  )
  return `# ${door.specifier}\n\n${door.introduction}\n\n${tables.join('\n')}\n${explained.join('\n')}`
}

/** An index of the names of all doors. A name that several doors export leads to the first, if all mean the same declaration. */
export function indexNames(doors: readonly ReadDoor[]): NameIndex {
  const index = new Map<string, { path: string; anchor: string; file: string }>()
  const several = new Set<string>()
  for (const door of doors)
    for (const item of door.items) {
      const name = item.name ?? ''
      const file = item.fileUrlPath ?? ''
      const other = index.get(name)
      if (other === undefined) index.set(name, { path: pathOfDoor(door), anchor: anchorOf(item, door), file })
      else if (other.file !== file) several.add(name)
    }
  for (const name of several) index.delete(name)
  return index
}

type Context = { readonly door: ReadDoor; readonly names: NameIndex }

function explain(item: ApiItem, context: Context): string {
  const linked = linksOf(item, context)
  const parts = [
    `### ${headingOf(item, context.door)}`,
    fence(shortened(signatureOf(item), item)),
    docstringOf(item.docComment),
    (item.members ?? []).map((member) => memberLine(member)).join('\n'),
    linked.length === 0 ? '' : `Named there: ${linked.join(', ')}.`,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** Members of classes, interfaces and namespaces: one each, its text indented below. */
function memberLine(member: ApiItem): string {
  const isLoose = !['Namespace', 'Function', 'Class', 'Interface', 'Variable', 'TypeAlias'].includes(member.kind)
  const signature = isLoose ? signatureOf(member) : signatureOf(member).replace(/^/, 'export ')
  const text = docstringOf(member.docComment)
  // The extractor says of every constructor that it constructs.
  const said = member.kind === 'Constructor' && text.startsWith('Constructs a new instance of the') ? '' : text
  const line = `- \`${signature.replaceAll(/\s+/g, ' ').replaceAll('`', "'")}\``
  const below = [said, (member.members ?? []).map((inner) => memberLine(inner)).join('\n')].filter(
    (part) => part !== '',
  )
  return below.length === 0 ? line : `${line}\n\n${below.join('\n\n').replaceAll(/^(?=.)/gm, '  ')}\n`
}

function signatureOf({ kind, name, excerptTokens }: ApiItem): string {
  if (kind === 'Namespace') return `namespace ${name}`
  return (excerptTokens ?? [])
    .map(({ text }) => text)
    .join('')
    .replace(/^export (?:declare )?/, '')
    .replaceAll(/^ {4}/gm, '  ')
    .replaceAll(/^( +) {4}/gm, '$1  ')
    .trim()
}

function shortened(signature: string, { fileUrlPath }: ApiItem): string {
  const lines = signature.split('\n')
  if (lines.length <= SIGNATURE_LINES_MAX) return signature
  const kept = lines.slice(0, SIGNATURE_LINES_MAX / 2)
  return `${kept.join('\n')}\n// ${lines.length - kept.length} more lines are in ${fileUrlPath}`
}

function fence(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``
}

/** What the declaration of an item and those of its members name, where it is explained: on this page, if it is. */
function linksOf(item: ApiItem, { door, names }: Context): readonly string[] {
  const found = new Map<string, string>()
  const ownNames = new Map(door.items.map((own) => [own.name, own]))
  const visit = ({ excerptTokens, members }: ApiItem): void => {
    for (const token of excerptTokens ?? []) {
      const name = ownNameOf(token)
      if (name === undefined || name === item.name) continue
      const own = ownNames.get(name)
      const other = names.get(name)
      const href = own === undefined ? `${other?.path.split('/').at(-1)}#${other?.anchor}` : `#${anchorOf(own, door)}`
      if (own !== undefined || other !== undefined) found.set(name, `[\`${name}\`](${href})`)
    }
    for (const member of members ?? []) visit(member)
  }
  visit(item)
  return [...found].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, link]) => link)
}

/** The name that a token means, if it is one of this package. */
function ownNameOf({ kind, canonicalReference }: ExcerptToken): string | undefined {
  if (kind !== 'Reference') return undefined
  return /^kernell-os![~]?([A-Za-z_$][\w$]*):/.exec(canonicalReference ?? '')?.[1]
}

/** Headings that differ in case alone would have one anchor. */
function headingOf(item: ApiItem, { items }: ReadDoor): string {
  const name = item.name ?? ''
  const isOnly = items.every((other) => other === item || other.name?.toLowerCase() !== name.toLowerCase())
  return isOnly ? name : `${name} (${item.kind.toLowerCase()})`
}

function anchorOf(item: ApiItem, door: ReadDoor): string {
  return slugOf(headingOf(item, door))
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
