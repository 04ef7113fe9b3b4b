/** The process of `runSide`: `run-side-main.ts INIT FILE`, INIT as JSON; writes its outcome to FILE. */
import { writeFileSync } from 'node:fs'
import { runSideHere, type RunInit } from './run-side.ts'

const [init = '', outcomeFile = ''] = process.argv.slice(2)
const outcome = await runSideHere(JSON.parse(init) as RunInit)
writeFileSync(outcomeFile, JSON.stringify(outcome))
// Nothing is waited for: a worker may hang, and whoever started this one kills them all.
process.kill(process.pid, 'SIGKILL')
