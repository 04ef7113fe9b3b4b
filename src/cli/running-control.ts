import { userInfo } from 'node:os'
import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import type { ConfigDocument } from '../node/config/config-document.ts'
import type { NodeConfig } from '../node/config/node-config.ts'
import { answerControl } from '../node/control/answer-control.ts'
import type { ControlAnswer, ControlArea, ControlRequest } from '../node/control/control-request.ts'
import type { KernellNode } from '../node/kernell-node.ts'
import { useDirectoryRights } from '../node/rights/directory-rights.ts'
import { answerRightsControl } from '../node/rights/rights-control.ts'
import type { NodeRecords, TelemetryFilter } from '../node/node-records.ts'
import {
  createRunningNodeClient,
  findRunningNode,
  isNodeGone,
  readControlToken,
  type RunningNode,
  type RunningNodeClient,
} from '../node/running-node.ts'
import { parseTelemetryEvent } from '../wire/read-telemetry-event.ts'
import type { CommandContext } from './command.ts'
import { lockedBy } from './locked-directory.ts'
import { WITHOUT_SERVERS } from './record-flags.ts'

/** A node that does what it is asked: the one that serves from the data directory, or one that was opened on it for this command. */
export type Control = {
  /** Address of the node that serves; `undefined` where none does. */
  readonly servedBy: string | undefined
  /** Asks the part `area` of the node, `policies` by default. Throws as `answerControl`. */
  readonly ask: (request: ControlRequest, area?: ControlArea) => Promise<JsonValue>
  /** The same for an answer of lines, as they come; each without its line break. */
  readonly lines: (request: ControlRequest, area?: ControlArea) => AsyncIterable<string>
  /** Records of finished tasks as JSON lines, oldest first. */
  readonly records: (filter?: TelemetryFilter) => AsyncIterable<string>
}

export type ControlOpening = {
  readonly config?: ConfigDocument
  readonly prepare?: (node: KernellNode) => Promise<unknown>
}

/** Longest wait for the running node to answer, and for a pause in what it sends. */
const TIMEOUT_MS = 120_000

/**
 * Works with the node of the data directory, whether it serves or not. While one serves it is asked, so that a promotion takes effect there; else the
 * directory is opened for as long as the work takes.
 *
 * Throws `STORE_LOCKED` when something has the directory open that cannot be asked.
 *
 * @param opening  What a node that is opened for this is told beside the configuration (default: it asks no server for its models), and what is done first with it.
 */
export async function useControl<Result>(
  context: CommandContext,
  work: (control: Control) => Promise<Result>,
  { config = WITHOUT_SERVERS, prepare }: ControlOpening = {},
): Promise<Result> {
  const { dataDir } = context.loadConfig()
  const node = findRunningNode(dataDir)
  const token = node === undefined ? undefined : readControlToken(dataDir)
  if (node !== undefined && token !== undefined) {
    const client = createRunningNodeClient(node)
    try {
      return await work(remoteControl({ client, node, token, signal: context.signal }))
    } finally {
      await client.close()
    }
  }
  return await context.useNode(async (opened) => {
    await prepare?.(opened)
    const answer = async (request: ControlRequest, area: ControlArea = 'policies'): Promise<ControlAnswer> =>
      await answerControl(opened, { area, request }, { signal: context.signal })
    return await work({
      servedBy: undefined,
      async ask(request, area) {
        const answered = await answer(request, area)
        if (answered.kind === 'json') return answered.body
        throw new TypeError('Records are asked for by `records`')
      },
      async *lines(request, area) {
        const answered = await answer(request, area)
        if (answered.kind === 'lines') for await (const line of answered.lines) yield line.trimEnd()
      },
      async *records(filter) {
        const answered = await answer({ op: 'records', ...filter })
        if (answered.kind === 'lines') yield* answered.lines
      },
    })
  }, config)
}

/** Whether a node serves from the data directory that can be asked. */
export function isServed({ dataDir }: Pick<NodeConfig, 'dataDir'>): boolean {
  return findRunningNode(dataDir) !== undefined && readControlToken(dataDir) !== undefined
}

/**
 * Asks for what concerns rights: of the node that serves from the data directory, or of the directory itself, which is opened for this one question. Throws as
 * `answerRightsControl` and `openPatiently`.
 */
export async function askRights(context: CommandContext, request: ControlRequest): Promise<JsonValue> {
  const config = context.loadConfig()
  if (isServed(config)) return await useControl(context, async ({ ask }) => await ask(request, 'rights'))
  return await useDirectoryRights(config.dataDir, async (rights) => {
    const answered = await answerRightsControl({ rights }, request)
    if (answered.kind === 'json') return answered.body
    throw new TypeError('Rights are answered in one document')
  })
}

/** The records of finished tasks, as far as commands need them that make something of them. */
export type KeptRecords = Pick<NodeRecords, 'list' | 'recordDerivation'>

/**
 * Works with the records of the data directory, beside a node that serves from it as well. There the records are those of this moment, however often
 * they are read. Throws as `useControl`.
 */
export async function useRecords<Result>(
  context: CommandContext,
  work: (records: KeptRecords) => Promise<Result>,
): Promise<Result> {
  if (!isServed(context.loadConfig()))
    return await context.useNode(async ({ records }) => await work(records), WITHOUT_SERVERS)
  const now = new Date().toISOString()
  return await useControl(
    context,
    async (control) =>
      await work({
        async *list(filter = {}) {
          const to = filter.to !== undefined && filter.to < now ? filter.to : now
          for await (const line of control.records({ ...filter, to })) {
            const reading = parseTelemetryEvent(JSON.parse(line))
            if ('event' in reading) yield reading.event
          }
        },
        async recordDerivation(derivation) {
          const answer = await control.ask({ op: 'derived', ...derivation })
          return typeof answer === 'object' && answer !== null && 'recorded' in answer && answer.recorded === true
        },
      }),
  )
}

/** Who gives a command, for the journal: the user of this machine. */
export function operatorName(): string {
  try {
    return `command line (${userInfo().username})`
  } catch {
    return 'command line'
  }
}

type Remote = {
  readonly client: RunningNodeClient
  readonly node: RunningNode
  readonly token: string
  readonly signal: AbortSignal
}

function remoteControl({ client, node, token, signal }: Remote): Control {
  const question = (body: ControlRequest, area: ControlArea = 'policies'): Parameters<RunningNodeClient['ask']>[0] => ({
    path: `/control/${area}`,
    body,
    headers: { 'x-kernell-control': token },
    apiKey: undefined,
    timeoutMs: TIMEOUT_MS,
    signal,
  })
  return {
    servedBy: node.url,
    async ask(request, area) {
      const { body } = await client.ask(question(request, area)).catch((error: unknown) => {
        throw unreachable(error, node)
      })
      return body as JsonValue
    },
    lines,
    async *records(filter = {}) {
      for await (const line of lines({ op: 'records', ...filter })) yield `${line}\n`
    },
  }
  async function* lines(request: ControlRequest, area?: ControlArea): AsyncIterable<string> {
    let isComplete = false
    try {
      for await (const line of client.lines(question(request, area))) {
        isComplete = line === '{"end":true}'
        if (!isComplete) yield line
      }
    } catch (error) {
      throw unreachable(error, node)
    }
    if (!isComplete) throw new CodedError('OUTBOUND_UNREACHABLE', { message: `The node at ${node.url} broke off` })
  }
}

/** A node that has gone since, or one of another version: its directory is still not free. */
function unreachable(error: unknown, node: RunningNode): unknown {
  return isNodeGone(error, node)
    ? lockedBy(node, { what: 'serves from the data directory and does not answer', cause: error })
    : error
}
