/**
 * `npm run conformance -- a2a [DIR] [--python PROGRAM] [--json]`: the A2A TCK against the listener of a real node. Exit 1 when a test fails that is not on the list of expected
 * failures, 2 when the suite could not be run.
 * `npm run conformance -- libp2p [--python PROGRAM] [--json]`: our transport beside another implementation of libp2p, in a process of its own. Exit 1 when
 * they do not understand each other, 2 without py-libp2p.
 * `npm run conformance -- mcp [--json]`: the official suite of the Model Context Protocol against a node behind its listener. Exit 1 when something fails
 * that is not listed with a reason, 2 where the installed suite is not the one whose results were looked at.
 * `npm run conformance -- xstate DIR [--file PART]... [--plant NAME] [--json]`: XState's own tests, first on XState, then with
 * `createActor` exchanged for ours. DIR is a checkout of XState's repository, its dependencies installed. Exit 1 when ours
 * does not conform, 2 on wrong usage.
 */
import { parseArgs } from 'node:util'
import { runA2aConformance } from './a2a/conformance.ts'
import { runLibp2pConformance } from './libp2p/conformance.ts'
import { runMcpConformance } from './mcp/conformance.ts'
import { isPlant, listPlants, runXStateConformance } from './xstate/conformance.ts'

const USAGE = `Usage: npm run conformance -- a2a [DIR] [--python PROGRAM] [--json]
       npm run conformance -- libp2p [--python PROGRAM] [--json]
       npm run conformance -- mcp [--json]
       npm run conformance -- xstate DIR [--file PART]... [--plant NAME] [--json]
PROGRAM: a Python that has py-libp2p (\`pip install libp2p\`); python3 where none is named.
a2a: DIR is a checkout of https://github.com/a2aproject/a2a-tck (branch 1.0-dev), fetched where none is named; PROGRAM a Python with what it asks for.
DIR: a checkout of https://github.com/statelyai/xstate at the tag of the installed version, its dependencies installed.
Plants: ${listPlants().join(', ')}
`

async function main(): Promise<number> {
  const parsed = readArguments()
  if (parsed === undefined) return refuse()
  const { values, positionals } = parsed
  const [name, directory, ...more] = positionals
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (name === 'a2a' && more.length === 0)
    return await runA2aConformance({ directory: directory ?? '', python: values.python, isJson: values.json })
  if (name === 'libp2p' && directory === undefined)
    return await runLibp2pConformance({ python: values.python, isJson: values.json })
  if (name === 'mcp' && directory === undefined) return await runMcpConformance({ isJson: values.json })
  const isKnown = name === 'xstate' && (values.plant === '' || isPlant(values.plant))
  if (!isKnown || directory === undefined || more.length > 0) return refuse()
  return runXStateConformance({ directory, filters: values.file, plant: values.plant, isJson: values.json })
}

type Arguments = {
  readonly values: {
    readonly file: readonly string[]
    readonly plant: string
    readonly python: string
    readonly json: boolean
    readonly help: boolean
  }
  readonly positionals: readonly string[]
}

/** `undefined` where an option is unknown. */
function readArguments(): Arguments | undefined {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        file: { type: 'string', multiple: true, default: [] },
        plant: { type: 'string', default: '' },
        python: { type: 'string', default: 'python3' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error: unknown) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

function refuse(): number {
  process.stderr.write(USAGE)
  return 2
}

process.exitCode = await main()
