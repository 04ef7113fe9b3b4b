import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CAPABILITY_REFUSALS } from '../../src/core/capability/capability-refusals.ts'
import { GOVERNANCE_REFUSALS } from '../../src/core/governance/governance-refusals.ts'
import { PARAMETER_NAMES, PARAMETERS } from '../../src/core/governance/parameter-set.ts'

function pageOf(name: string): string {
  return readFileSync(new URL(`../../protocol/spec/${name}.md`, import.meta.url), 'utf8')
}

type Row = { readonly cause: string; readonly remedy: string }

describe('spec pages', () => {
  it.each<[string, Readonly<Record<string, Row>>]>([
    ['capability', CAPABILITY_REFUSALS],
    ['governance', GOVERNANCE_REFUSALS],
  ])('%s lists every refusal, word for word', (name, table) => {
    const rows = Object.entries(table).map(([code, { cause, remedy }]) => `| \`${code}\` | ${cause} | ${remedy} |`)
    const listed = pageOf(name)
      .split('\n')
      .filter((line) => /^\| `[A-Z]+_[A-Z0-9_]+` \|/.test(line))
    expect(listed).toEqual(rows)
  })

  it('governance lists every parameter with its range', () => {
    const page = pageOf('governance')
    for (const name of PARAMETER_NAMES.filter((known) => !/^(?:min|max)imum\./.test(known))) {
      expect(page).toMatch(
        new RegExp(
          `\\| \`${name.replace('.', '\\.')}\` \\| \\S+ \\| ${PARAMETERS[name].min} \\| ${PARAMETERS[name].max} \\|`,
        ),
      )
    }
  })
})
