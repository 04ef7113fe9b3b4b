import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AgentProgress, PackagedAgent } from 'kernell-os/agents'
import { DEFAULT_TENANT, parseTenantId } from '../../base/identifiers.ts'
import { nearestName } from '../../node/config/nearest-name.ts'
import type { Command, CommandContext } from '../command.ts'
import { ARTEFACT_FLAGS, configOfArtefactFlags } from '../config-flags.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag, usageError } from '../flags.ts'
import { cutText } from '../format-table.ts'
import { unreadableFile } from '../../node/unreadable-file.ts'

/** Runs one of the packaged agents on a node of its own, until it has answered. */
export const agentRunCommand: Command = {
  name: 'agent run',
  summary: 'run one of the agents on an input, and print what it answers',
  synopsis: 'NAME',
  positionalsMax: 1,
  flags: {
    input: { value: 'JSON', describe: 'its input as a JSON object, @FILE, or - for standard input (default {})' },
    tenant: { value: 'NAME', describe: 'whose cache, budgets and memory (default: default)' },
    'without-memory': {
      describe: 'recall nothing of earlier runs, go on with none of them, and keep nothing of this one',
    },
    ...ARTEFACT_FLAGS,
  },
  details: [
    '`kernell agent list` names the agents and the fields of their inputs. Progress goes to stderr; the answer, or with --json the whole of it, to stdout. Amounts in it are nano-dollars as decimal text.',
    'The planner and the researcher recall what earlier runs for the tenant led to, and keep what this one leads to, as text in the data directory. The planner also keeps the plan that it is at: run again with the same task, for the same tenant, after it was interrupted or killed, it goes on with what was done already; with "isResuming": false in its input it starts anew. `kernell data purge --tenant default --memories --yes` deletes all of that, and the records of that tenant with it.',
    'Tools that the input names (`tools`) are those of `mcp.servers` and agents of `a2a.peers`: what is not configured, or not allowed, is refused before the work begins, and each call passes the firewall.',
    'Ends with exit code 1 when a part of the work failed (an item of the pipeline, a step of a plan, a prompt that was not asked, a probe that is alarmed, a reservation that was refused); the document of --json then has "hasFailures": true.',
    'Ctrl-C stops the agent in order, ends the calls that are under way, and exits with 130.',
  ],
  examples: [
    `kernell agent run researcher --input '{"question": "Why do bridges have bearings?", "maxCostUsd": "0.05"}'`,
    'kernell agent run summarizer --input @request.json --json',
  ],
  whenStopped: 'Run the command again; what was answered before is in the cache and free, unless the cache is off.',
  async run(context) {
    const { terminal, flags, isJson, signal } = context
    const { findAgent, PACKAGED_AGENTS } = await import('kernell-os/agents')
    const [name = ''] = context.positionals
    const agent = findAgent(name) ?? failToFind(name, PACKAGED_AGENTS)
    const tenant = parseTenantId(textFlag(flags, 'tenant') ?? DEFAULT_TENANT)
    if (tenant === undefined) throw usageError('--tenant takes 1 to 128 characters of A-Z a-z 0-9 . _ : -')
    const input = await readInput(context)
    const result = await context.useNode(async (node) => {
      const isRemembering = agent.usesMemory === true && !isFlagSet(flags, 'without-memory')
      const isKeeping = agent.keepsPlans === true && !isFlagSet(flags, 'without-memory')
      return await agent.run({
        actors: node.actors,
        router: node.router,
        caller: { tenant, agent: agent.name },
        ...(isRemembering && { memory: (await node.openMemory()).forTenant(tenant) }),
        ...(isKeeping && { plans: await node.openPlans() }),
        ...((agent.keepsPlans === true || agent.callsTools === true) && { firewall: await node.openFirewall() }),
        ...(agent.callsTools === true && { agentTools: (asked) => node.agentTools(asked) }),
        node,
        input,
        signal,
        onProgress: (event) => terminal.note(terminal.style('dim', progressLine(event, terminal.noteWidth))),
      })
    }, configOfArtefactFlags(flags))
    if (isJson) terminal.printJson(result.document)
    else terminal.print(result.text)
    if (!result.hasFailures) return EXIT_CODES.done
    if (!isJson) terminal.note('A part of the work failed; --json shows the whole of it.')
    return EXIT_CODES.failed
  },
}

function failToFind(name: string, agents: readonly PackagedAgent[]): never {
  const names = agents.map((agent) => agent.name)
  if (name === '') throw usageError(`The name of an agent is missing; there are: ${names.join(', ')}`)
  const nearest = nearestName(name, names)
  const hint = nearest === undefined ? `; there are: ${names.join(', ')}` : `. Did you mean ${nearest}?`
  throw usageError(`There is no agent ${JSON.stringify(name)}${hint}`, { agent: name })
}

async function readInput({ flags, workingDir, readStandardInput }: CommandContext): Promise<unknown> {
  const given = textFlag(flags, 'input') ?? '{}'
  const text =
    given === '-' ? new TextDecoder().decode(await readStandardInput()) : await textOfInput(given, workingDir)
  try {
    const input: unknown = JSON.parse(text)
    return input
  } catch (error) {
    throw usageError(`--input is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function textOfInput(given: string, workingDir: string): Promise<string> {
  if (!given.startsWith('@')) return given
  const file = resolve(workingDir, given.slice(1))
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw unreadableFile('COMMAND_INVALID', { named: `--input: the file ${file}`, file, cause })
  }
}

/** `step-done step=s1 output=...`: what has happened, then its details, on one line. */
function progressLine({ type, ...details }: AgentProgress, width: number): string {
  const { step, id: _id, ...rest } = details
  const words = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : (JSON.stringify(value) ?? '')}`,
  )
  return cutText([type === 'progress' ? String(step) : type, ...words].join(' '), width)
}
