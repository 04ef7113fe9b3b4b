/**
 * `npm run pin-hashes` pins the hashes of small runs as this Node has them; they change in no other way, and the commit says why they did.
 * `npm run pin-hashes -- --check` plays them on Node 22, on Node 26 and in Chromium, and compares. A platform that is not to be had is named and left out;
 * with `--strict` it is a failure. `--json` prints one document. `--fetch` brings the Node that is missing, by npm, and plays nothing.
 * About half a minute for each platform on a quiet machine.
 */

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { differencesOf, PINNED_FILE, playPinnedRuns, readPinnedHashes } from './pinned-runs.ts'
import { bringNode, playInChromium, type Played, playOnNode } from './platforms.ts'

const NODES = [22, 26]

const USAGE = `Usage: npm run pin-hashes -- [--check [--strict] | --fetch] [--json]
  without --check  pins the hashes of small runs as this Node has them
  --check          plays them on Node 22, on Node 26 and in Chromium, and compares
  --strict         a platform that is not to be had is a failure
  --fetch          brings the Node that is missing, by npm, and plays nothing
`

const values = readArguments()
if (values === undefined) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else if (values.help === true) process.stdout.write(USAGE)
else if (values.fetch === true) process.exitCode = fetchNodes() ? 0 : 1
else if (values.check === true) process.exitCode = (await check()) ? 0 : 1
else await pin()

/** `undefined` where an option is unknown. */
function readArguments() {
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({ options: { check: flag, fetch: flag, strict: flag, json: flag, help: flag } }).values
  } catch (error: unknown) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

/** What takes long says so. */
function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function pin(): Promise<void> {
  const before = readPinnedHashes()
  const hashes = await playPinnedRuns()
  writeFileSync(PINNED_FILE, `${JSON.stringify(hashes, null, 2)}\n`)
  const changed = differencesOf(before, hashes)
  if (values?.json === true) print({ runs: Object.keys(hashes).length, changed })
  else say([...changed, `${Object.keys(hashes).length} hashes are pinned, ${changed.length} of them anew`])
}

/** Whether all of them are there now. */
function fetchNodes(): boolean {
  const brought = NODES.map((major) => ({ major, ...bringNode(major) }))
  say(brought.map((each) => `Node ${each.major}: ${'path' in each ? each.path : `not there, ${each.reason}`}`))
  return brought.every((each) => 'path' in each)
}

/** Whether all platforms that could be had agree with the pins. */
async function check(): Promise<boolean> {
  const pinned = readPinnedHashes()
  for (const major of NODES) bringNode(major)
  const played: Played[] = []
  for (const major of NODES) {
    note(`Node ${major} plays ${Object.keys(pinned).length} runs ...`)
    played.push(playOnNode(major))
  }
  note('Chromium plays them ...')
  played.push(await playInChromium())
  const judged = played.map((each) => ({ ...each, differences: differencesAt(each, pinned) }))
  if (values?.json === true) print({ runs: Object.keys(pinned).length, platforms: judged })
  else for (const each of judged) say([sentenceOf(each), ...each.differences.map((line) => `  ${line}`)])
  const isStrict = values?.strict === true
  return judged.every((each) => each.differences.length === 0 && !(isStrict && 'reason' in each))
}

function differencesAt(each: Played, pinned: ReturnType<typeof readPinnedHashes>): readonly string[] {
  if ('reason' in each) return []
  return 'failure' in each ? [each.failure] : differencesOf(pinned, each.hashes)
}

function sentenceOf(each: Played & { readonly differences: readonly string[] }): string {
  if ('reason' in each) return `${each.platform}: not played, ${each.reason}`
  if ('failure' in each) return `${each.platform}: failed`
  const { length } = Object.keys(each.hashes)
  return each.differences.length === 0
    ? `${each.platform}: ${length} runs, all hashes as pinned`
    : `${each.platform}: ${each.differences.length} of ${length} hashes are others`
}

function say(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function print(document: object): void {
  process.stdout.write(`${JSON.stringify(document)}\n`)
}
