import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ScriptPlayer } from './play-script.ts'
import { readScript } from './script-reader.ts'

const FOLDER = join(import.meta.dirname, 'scripts')
/** Writes what came of the commands into the files, to be read before it is kept. */
const IS_REWRITING = process.env.KERNELL_REWRITE_SCRIPTS === '1'

describe('auctions as text', () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))) {
    it(file, () => {
      const text = readFileSync(join(FOLDER, file), 'utf8')
      const player = new ScriptPlayer()
      let rewritten = ''
      let rest = text
      for (const step of readScript(text)) {
        const said = player.play(step)
        if (IS_REWRITING) {
          const before = `${step.source}\n----\n${step.expected === '' ? '' : `${step.expected}\n`}`
          const start = rest.indexOf(before)
          rewritten += `${rest.slice(0, start)}${step.source}\n----\n${said}\n`
          rest = rest.slice(start + before.length)
        } else expect(said, `line ${step.line}: ${step.source}`).toBe(step.expected)
      }
      if (IS_REWRITING) writeFileSync(join(FOLDER, file), rewritten + rest)
    })
  }
})
