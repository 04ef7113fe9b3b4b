import { CodedError } from '../../base/errors.ts'
import { hexOfBytes } from '../../base/hex.ts'
import type { TenantId } from '../../base/identifiers.ts'
import { MODELS_LOCAL, MODELS_REMOTE } from '../../core/firewall/firewall-policy.ts'
import type { PlanSink, PlanSource } from '../../core/firewall/intent-plan.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import { fenceSections } from '../../core/text/fence-sections.ts'
import type { PublicFetch } from '../../guard/public-fetch.ts'
import type { TenantMemory } from '../../memory/memory-graph.ts'
import type { Random } from '../../ports/random.ts'
import type { RouteControls, Router } from '../../ports/router.ts'
import type { TaskTools } from '../../ports/tool-servers.ts'
import { joined } from '../../router/firewall/carry-out-plan.ts'
import type { PlanAct, PlanHands, PlanText } from '../../router/firewall/plan-hands.ts'
import type { RunProgram } from '../sandbox/run-program.ts'
import type { PlanFiles } from './plan-files.ts'

export type NodeHandsInit = {
  readonly tenant: TenantId
  readonly router: Router
  readonly web: PublicFetch
  readonly random: Pick<Random, 'bytes'>
  readonly files: PlanFiles
  /** Tools of other programs, for this plan. */
  readonly tools: TaskTools
  readonly openMemory: () => Promise<TenantMemory>
  /** Runs programs of steps, by capability. */
  readonly runProgram: RunProgram
  /** What whoever asks hands over, by the locators of the sources: their own words, documents of theirs, what a peer sent. */
  readonly texts: Readonly<Record<string, string>>
}

const DOCUMENT_BYTES_MAX = 1_048_576

/** A program of a plan gets nothing but what it is given. */
const SCRIPT_POLICY: SandboxPolicy = {
  isolation: 't2',
  limits: SANDBOX_LIMIT_DEFAULTS,
  network: { hosts: [] },
  environment: [],
  paths: { read: [], write: [] },
  allowEmulation: false,
}

/**
 * What this node can do for a plan of one tenant. It reads texts of the asker, memories (`memory/TENANT/ID`), files (`file/TENANT/NAME`) and documents of the internet, through
 * the guard; it calls tools (`mcp/SERVER/TOOL`), puts things into replies, memories, files and models (`models/local`, `models/remote`), and runs JavaScript in a sandbox (`sandbox/script`).
 */
export class NodeHands implements PlanHands {
  readonly #init: NodeHandsInit

  constructor(init: NodeHandsInit) {
    this.#init = init
  }

  async read(source: PlanSource, signal: AbortSignal): Promise<string> {
    const { kind, locator } = source
    switch (kind) {
      case 'user':
      case 'peer':
        return this.#said(locator)
      case 'memory':
        return this.#remembered(await this.#init.openMemory(), this.#own(source))
      case 'file':
        return await this.#init.files.read(this.#init.tenant, this.#own(source))
      case 'document':
        return locator.startsWith('https://') ? await this.#document(locator, signal) : this.#said(locator)
      case 'tool':
        return await this.#called({ locator, text: '' }, signal)
      case 'secret':
        throw unable(`reads nothing from a ${kind}`)
    }
  }

  async put(act: PlanAct, signal: AbortSignal): Promise<string> {
    const { sink, texts } = act
    const text = joined(texts)
    switch (sink.kind) {
      case 'reply':
        return text
      case 'memory': {
        const memory = await this.#init.openMemory()
        await memory.remember({ kind: 'fact', text, id: this.#own(sink) }, { signal })
        return text
      }
      case 'file':
        await this.#init.files.write(this.#init.tenant, this.#own(sink), text)
        return text
      case 'model':
        return await this.#asked(act, signal)
      case 'execute':
        return await runScript(this.#init.runProgram, { sink, source: text }, signal)
      case 'tool':
        return await this.#called({ locator: sink.locator, text }, signal)
      case 'network':
      case 'peer':
        throw unable(`sends nothing to a ${sink.kind}`)
    }
  }

  /** What a tool says. The plan names it as `mcp/SERVER/TOOL`; what goes to it are its arguments as JSON, or the one text that it takes. */
  async #called(
    { locator, text }: { readonly locator: string; readonly text: string },
    signal: AbortSignal,
  ): Promise<string> {
    const [, server, tool] = /^mcp\/([^/]+)\/(.+)$/.exec(locator) ?? []
    if (server === undefined || tool === undefined)
      throw unable(`knows no tool ${JSON.stringify(locator)}; they are called mcp/SERVER/TOOL`)
    const result = await this.#init.tools.call({ server, tool }, text, { signal })
    if (!result.isError) return result.text
    throw new CodedError('PLAN_STEP_FAILED', { message: `The tool ${locator} failed`, details: { locator } })
  }

  #said(locator: string): string {
    const { texts } = this.#init
    const text = Object.hasOwn(texts, locator) ? texts[locator] : undefined
    if (text === undefined) throw unable(`was not given the text ${JSON.stringify(locator)}`)
    return text
  }

  #remembered(memory: TenantMemory, id: string): string {
    const found = memory.read(id)
    if (found === undefined) throw unable(`has no memory ${JSON.stringify(id)}`)
    return found.text
  }

  /** What follows `memory/TENANT/`: a plan reaches what is its tenant's, and nothing else. */
  #own({ kind, locator }: PlanSource | PlanSink): string {
    const prefix = `${kind}/${this.#init.tenant}/`
    if (!locator.startsWith(prefix))
      throw unable(`has no ${kind} ${JSON.stringify(locator)} for this tenant; they begin with ${prefix}`)
    return locator.slice(prefix.length)
  }

  async #document(url: string, signal: AbortSignal): Promise<string> {
    const { web } = this.#init
    const response = await web.request({ url, method: 'GET', responseBytesMax: DOCUMENT_BYTES_MAX, signal })
    const decoder = new TextDecoder()
    let text = ''
    for await (const piece of response.body) text += decoder.decode(piece, { stream: true })
    if (response.status !== 200)
      throw new CodedError('PLAN_STEP_FAILED', {
        message: `There is no document at ${url}: the server says ${response.status}`,
      })
    return text + decoder.decode()
  }

  /** The texts are fenced, whoever wrote them, and so the router scores each as what it is. */
  async #asked({ step, sink, texts }: PlanAct, signal: AbortSignal): Promise<string> {
    const { router, tenant, random } = this.#init
    const nonce = hexOfBytes(random.bytes(8))
    const fenced = fenceSections(sectionsOf(texts), { nonce })
    const system = `You carry out one step of a plan. Answer directly and completely, without preamble.\n${fenced.notice}`
    const result = await router.route(
      {
        caller: { tenant },
        target: { kind: 'auto' },
        request: {
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: `${fenced.text}\n\n${step.action}` },
          ],
        },
        controls: controlsOf(sink),
      },
      { signal },
    )
    return result.answer.text
  }
}

/** What nobody outside had a say in is the sender's own; all else is a document, which may say nothing to the model. */
function sectionsOf(texts: readonly PlanText[]): readonly { readonly name: string; readonly content: string }[] {
  const own = texts.filter(({ label }) => label.integrity === 'trusted')
  const others = texts.filter(({ label }) => label.integrity !== 'trusted')
  return [
    ...(own.length === 0 ? [] : [{ name: 'request', content: joined(own) }]),
    ...others.map(({ text }, index) => ({ name: `source-${index + 1}`, content: text })),
  ]
}

function controlsOf({ locator }: PlanSink): RouteControls {
  if (locator === MODELS_LOCAL) return { isLocalOnly: true }
  if (locator === MODELS_REMOTE) return {}
  throw unable(`knows no models ${JSON.stringify(locator)}; there are ${MODELS_LOCAL} and ${MODELS_REMOTE}`)
}

async function runScript(
  runProgram: RunProgram,
  { sink: { locator }, source }: { readonly sink: PlanSink; readonly source: string },
  signal: AbortSignal,
): Promise<string> {
  if (locator !== 'sandbox/script') throw unable(`runs nothing at ${JSON.stringify(locator)}; there is sandbox/script`)
  const result = await runProgram({ program: { kind: 'script', source }, policy: SCRIPT_POLICY }, { signal })
  const output = new TextDecoder().decode(result.stdout)
  if (result.reason !== 'exited' || (result.code ?? 0) !== 0)
    throw new CodedError('PLAN_STEP_FAILED', { message: `The program of a step ended by ${result.reason}` })
  return output
}

function unable(what: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message: `This node ${what}` })
}
