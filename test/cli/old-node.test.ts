import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODE_VERSION_MIN, refuseOldNode } from '../../src/cli/refuse-old-node.ts'

const ROOT = join(import.meta.dirname, '../..')

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/^import .* from '([^']+)'/gm)].map((match) => match[1] ?? '')
}

describe('an old Node.js', () => {
  it.each([
    ['20.20.2', true],
    ['22.17.1', true],
    ['22.18.0', false],
    ['23.0.0', false],
  ])('%s is refused: %s', (version, isRefused) => {
    expect(refuseOldNode(version) !== undefined).toBe(isRefused)
  })

  it('is told what is needed and what it is', () => {
    expect(refuseOldNode('20.20.2')).toContain('Node.js 22.18 or newer is needed; this is 20.20.2')
  })

  it('is what package.json says', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } }
    expect(engines.node).toBe(`>=${NODE_VERSION_MIN.join('.')}`)
  })

  it('loads nothing before the check', () => {
    expect(importsOf('src/cli/main.ts')).toEqual(['./refuse-old-node.ts'])
    expect(importsOf('src/cli/refuse-old-node.ts')).toEqual([])
  })
})
