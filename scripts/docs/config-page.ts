import { readFileSync } from 'node:fs'
import { ENVIRONMENT_VARIABLES } from '../../src/node/config/environment-document.ts'

type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly $defs?: Readonly<Record<string, Schema>>
}

type Row = { readonly path: string; readonly takes: string; readonly meaning: string }

/** The page of all members of the configuration, from its schema. */
export function configPage(): string {
  const schema = JSON.parse(readFileSync('protocol/config.schema.json', 'utf8')) as Schema
  const resolve = (of: Schema): Schema => {
    const name = of.$ref?.split('/').at(-1)
    const named = name === undefined ? undefined : schema.$defs?.[name]
    return named === undefined
      ? of
      : { ...resolve(named), ...(of.description !== undefined && { description: of.description }) }
  }
  const sections = Object.entries(schema.properties ?? {}).filter(([name]) => name !== '$schema')
  const tables = sections.map(([name, of]) => {
    const rows = rowsOf(name, resolve(of), resolve)
    return `## ${name}\n\n| member | takes | meaning |\n|---|---|---|\n${rows.map(formatRow).join('\n')}\n`
  })
  const variables = Object.entries(ENVIRONMENT_VARIABLES).map(
    ([name, { path, meaning }]) => `| \`${name}\` | \`${path.join('.')}\` | ${meaning} |`,
  )
  return `# Configuration

Made from \`protocol/config.schema.json\`, which editors understand too (\`"$schema"\`). The file is JSON with comments: \`kernell init\` writes one that explains itself.
Flags win over variables of the environment, those over the file, and that over the defaults. A member that does not exist is refused, with the nearest one that does.

${tables.join('\n')}
## Variables of the environment

| variable | member | meaning |
|---|---|---|
${variables.join('\n')}
`
}

function formatRow({ path, takes, meaning }: Row): string {
  return `| \`${path}\` | ${takes} | ${meaning.replaceAll('|', '\\|')} |`
}

function rowsOf(path: string, of: Schema, resolve: (of: Schema) => Schema): readonly Row[] {
  const row = { path, takes: takesOf(of, resolve), meaning: of.description ?? '' }
  const members = Object.entries(of.properties ?? {}).flatMap(([name, member]) =>
    rowsOf(`${path}.${name}`, resolve(member), resolve),
  )
  const { additionalProperties: more, items } = of
  const named = typeof more === 'object' ? rowsOf(`${path}.NAME`, resolve(more), resolve) : []
  const listed = items === undefined ? undefined : resolve(items)
  const item = listed?.properties === undefined ? [] : rowsOf(`${path}[]`, listed, resolve)
  return [row, ...members, ...named, ...item.slice(1)]
}

function takesOf(of: Schema, resolve: (of: Schema) => Schema): string {
  if (of.enum !== undefined)
    return of.enum.map((value) => `\`${JSON.stringify(value).replaceAll('"', '')}\``).join(', ')
  if (of.const !== undefined) return `\`${JSON.stringify(of.const)}\``
  const choices = of.anyOf ?? of.oneOf
  if (choices !== undefined && of.type === undefined)
    return [...new Set(choices.map((choice) => takesOf(resolve(choice), resolve)))].join(' or ')
  if (of.type === 'array') return `list of ${of.items === undefined ? 'anything' : takesOf(resolve(of.items), resolve)}`
  const bounds = [
    ...(of.minimum === undefined ? [] : [`from ${of.minimum}`]),
    ...(of.maximum === undefined ? [] : [`to ${of.maximum}`]),
  ].join(' ')
  const type = typeof of.type === 'string' ? of.type : (of.type ?? ['anything']).join(' or ')
  return bounds === '' ? type : `${type} ${bounds}`
}
