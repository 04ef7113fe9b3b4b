import { accessSync, constants } from 'node:fs'
import { CodedError, remedyOf } from '../../base/errors.ts'
import { diagnoseConfig } from '../../node/diagnosis/diagnose-config.ts'
import { diagnoseMachine } from '../../node/diagnosis/diagnose-machine.ts'
import { diagnoseSandboxes } from '../../node/diagnosis/diagnose-sandboxes.ts'
import type { NodeConfig } from '../../node/config/node-config.ts'
import type { HealthCheck, KernellNode } from '../../node/kernell-node.ts'
import type { RunningNode } from '../../node/running-node.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { lockHolderOf } from '../locked-directory.ts'
import type { Terminal, TextStyle } from '../terminal.ts'

/** Looks at the machine and the configuration, then starts a node on them and asks it. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'check what works, and say how to repair what does not',
  synopsis: '',
  flags: {},
  details: ['Ends with exit code 1 when something failed; warnings do not count.'],
  async run(context) {
    const checks = await examine(context)
    const failed = checks.filter((check) => check.state === 'failed').length
    if (context.isJson) context.terminal.printJson({ ok: failed === 0, checks })
    else context.terminal.print(formatChecks(checks, context.terminal))
    return failed === 0 ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

async function examine(context: CommandContext): Promise<readonly HealthCheck[]> {
  let config: NodeConfig
  try {
    config = context.loadConfig()
  } catch (error) {
    return [failedCheck('configuration', error)]
  }
  const before = [
    ...(await diagnoseMachine(config.dataDir)),
    ...diagnoseConfig(config, context.environment, isReadable),
    ...(await diagnoseSandboxes(context.signal, { settings: config.sandbox })),
  ]
  return mergeChecks(before, await examineNode(context, config))
}

async function examineNode(context: CommandContext, config: NodeConfig): Promise<readonly HealthCheck[]> {
  try {
    return await context.useNode(
      async (node) => await Promise.resolve([...foundServers(node, config), ...node.health().checks]),
    )
  } catch (error) {
    context.signal.throwIfAborted()
    if (!CodedError.is(error, 'STORE_LOCKED')) return [failedCheck('node', error)]
    // A running node is good news, but its stores cannot be looked at from here.
    return [lockedCheck(lockHolderOf(error))]
  }
}

function lockedCheck(holder: RunningNode | undefined): HealthCheck {
  const check = { name: 'node', state: 'warning' } as const
  if (holder === undefined)
    return { ...check, detail: 'another process has the data directory open', remedy: 'Stop it and run this again.' }
  return {
    ...check,
    detail: `the node at ${holder.url} (process ${holder.pid}) has the data directory open`,
    remedy: `Ask it: GET ${holder.url}/healthz. Or stop it and run this again.`,
  }
}

/** Model servers that nobody configured and that answered on this machine. */
function foundServers(node: KernellNode, config: NodeConfig): readonly HealthCheck[] {
  if (!config.isDiscovering) return []
  const found = Object.entries(node.config.providers).filter(([name]) => config.providers[name] === undefined)
  const detail = found.map(([name, { baseUrl, models }]) => `${name} at ${baseUrl}, ${models.length} models`).join('; ')
  return [
    {
      name: 'local servers',
      state: 'ok',
      detail: detail === '' ? 'none at the usual ports (Ollama, LM Studio, llama-server, vLLM)' : detail,
    },
  ]
}

/** What the running node says about a subject is newer than what the files said. */
function mergeChecks(before: readonly HealthCheck[], after: readonly HealthCheck[]): readonly HealthCheck[] {
  const names = new Set(after.map((check) => check.name))
  return [...before.filter((check) => !names.has(check.name)), ...after]
}

function failedCheck(name: string, error: unknown): HealthCheck {
  if (CodedError.is(error)) return { name, state: 'failed', detail: error.message, remedy: remedyOf(error.code) }
  return { name, state: 'failed', detail: error instanceof Error ? error.message : String(error) }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

const MARKS: Readonly<Record<HealthCheck['state'], readonly [string, TextStyle]>> = {
  ok: ['ok', 'green'],
  warning: ['warn', 'yellow'],
  failed: ['FAIL', 'red'],
}

function formatChecks(checks: readonly HealthCheck[], terminal: Terminal): string {
  const indent = Math.max(...checks.map((check) => check.name.length))
  const lines = checks.flatMap((check) => {
    const [mark, style] = MARKS[check.state]
    const line = `${terminal.style(style, mark.padEnd(4))}  ${check.name.padEnd(indent)}  ${check.detail}`
    return check.remedy === undefined
      ? [line]
      : [line, `      ${' '.repeat(indent)}  ${terminal.style('dim', `-> ${check.remedy}`)}`]
  })
  const count = (state: HealthCheck['state']): number => checks.filter((check) => check.state === state).length
  return [...lines, '', `${count('ok')} ok, ${count('warning')} warnings, ${count('failed')} failed`].join('\n')
}
