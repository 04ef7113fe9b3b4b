/**
 * `node run-command.ts FIGURES WORDS...`: the package's command with these words, in this process. When it ends, its peak memory is in the file FIGURES.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [figures = '', ...words] = process.argv.slice(2)
const manifest = createRequire(import.meta.url).resolve('kernell-os/package.json')
const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly bin: { readonly kernell: string } }
const program = join(dirname(manifest), bin.kernell)
process.argv = [process.execPath, program, ...words]
process.on('exit', () => writeFileSync(figures, JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 })))
await import(pathToFileURL(program).href)
