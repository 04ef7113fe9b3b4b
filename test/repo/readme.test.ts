import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { ENVIRONMENT_VARIABLES } from '../../src/node/config/environment-document.ts'
import { readRepositoryFile } from './repository.ts'

const page = readRepositoryFile('README.md')

function sectionOf(title: string): string {
  return page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''
}

describe('README.md', () => {
  it('names every section of the configuration', () => {
    const schema = JSON.parse(readRepositoryFile('protocol/config.schema.json')) as { readonly properties: object }
    const names = Object.keys(schema.properties).filter((name) => name !== '$schema')
    expect(names.filter((name) => !sectionOf('Configuration').includes(`\`${name}\``))).toEqual([])
  })

  it('names every environment variable', () => {
    const names = [...Object.keys(ENVIRONMENT_VARIABLES), 'KERNELL_CONFIG', 'KERNELL_API_KEY']
    expect(names.filter((name) => !sectionOf('Configuration').includes(`\`${name}\``))).toEqual([])
  })

  it('names every command', () => {
    const section = sectionOf('The command line')
    expect(COMMANDS.flatMap(({ name }) => name.split(' ')).filter((word) => !section.includes(word))).toEqual([])
  })

  it('lists every door', () => {
    const manifest = JSON.parse(readRepositoryFile('package.json')) as { readonly exports: object }
    const doors = Object.keys(manifest.exports)
      .filter((door) => !door.endsWith('.json'))
      .map((door) => `| \`kernell-os${door.slice(1)}\` |`)
    expect(doors.filter((door) => !page.includes(door))).toEqual([])
  })

  it('shows on its first screen two commands and at most fourteen lines of code', () => {
    const [commands = '', code = ''] = [...page.matchAll(/^```(?:sh|ts)\n([\s\S]*?)^```$/gm)].map(
      (match) => match[1] ?? '',
    )
    expect(commands.trim().split('\n')).toHaveLength(2)
    expect(code.trim().split('\n').length).toBeLessThanOrEqual(14)
    expect(page.split('\n').findIndex((line) => line.includes('kernell-os/testing'))).toBeLessThanOrEqual(48)
  })

  it('has no link to a file that is not there', () => {
    const targets = [...page.matchAll(/\]\(([^)#]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !target.includes('://'))
    for (const target of targets) expect(() => readRepositoryFile(target)).not.toThrow()
  })
})
