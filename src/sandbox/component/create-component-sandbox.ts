import { createHash } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import type { RuntimeState } from '../../core/sandbox/choose-runtime.ts'
import type {
  JsonValue,
  SandboxRequest,
  SandboxResult,
  SandboxRunOptions,
  SandboxRuntime,
} from '../../ports/sandbox-runtime.ts'
import { createGuestOutside, encodeInputs, type GuestOutside } from '../hosted/guest-inputs.ts'
import { moduleUrl } from '../hosted/host-arguments.ts'
import { HostedRuns, type HostedRunsInit } from '../hosted/hosted-runs.ts'
import { type PackagePath, versionOfPackage } from '../hosted/installed-package.ts'
import { PROBE_ARGS, probeHosted } from '../hosted/probe-hosted.ts'
import { refuseGrants } from '../hosted/refuse-grants.ts'
import { checkRequest } from '../request/check-request.ts'
import { PROBE_BASE64 } from './probe-component.ts'
import { TranslationCache } from './translation-cache.ts'
import type { TranslatedComponent } from './translate-component.ts'

const TRANSLATOR = '@bytecodealliance/jco-transpile'
/** What the thread of a component loads. */
export const COMPONENT_PACKAGES: readonly PackagePath[] = [
  [TRANSLATOR],
  [TRANSLATOR, '@bytecodealliance/preview2-shim'],
]
const COMPONENT_BYTES_MAX = 67_108_864
/** How a component begins: the magic number, version 13, and the layer of components. The translator takes text as well, and core modules begin otherwise. */
const COMPONENT_HEAD = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]

/**
 * How many components run and wait at a time, and what this process lends them; everything has a default. Without the translator, an
 * optional package, runs throw `SANDBOX_UNAVAILABLE`.
 */
export type ComponentSandboxInit = HostedRunsInit &
  Partial<GuestOutside> & {
    /** Version of the installed translator; `undefined` where it is not installed. */
    readonly translatorVersion?: () => string | undefined
  }

/**
 * Runs functions of WebAssembly components, each run in a thread of a process of its own. A component has the imports that `wasi-imports.ts` names and no files; one that asks for more is
 * refused before anything of it runs. Its memories have a maximum; `memoryBytesPeak` is what its process grew by. How values look says `component-values.ts`.
 */
export function createComponentSandbox(init: ComponentSandboxInit = {}): SandboxRuntime {
  return new ComponentSandbox(init)
}

class ComponentSandbox implements SandboxRuntime {
  readonly name = 'wasm'
  private readonly outside: GuestOutside
  private readonly runs: HostedRuns
  private readonly translatorVersion: () => string | undefined
  private readonly translations = new TranslationCache()
  private state: RuntimeState | undefined

  constructor({ warmMax, concurrencyMax, waitingMax, translatorVersion, ...outside }: ComponentSandboxInit) {
    this.outside = createGuestOutside(outside)
    this.translatorVersion = translatorVersion ?? ((): string | undefined => versionOfPackage(TRANSLATOR))
    const guestUrl = moduleUrl('./component-guest', import.meta.url)
    this.runs = new HostedRuns({ guestUrl, packages: COMPONENT_PACKAGES }, { warmMax, concurrencyMax, waitingMax })
  }

  async probe(options: SandboxRunOptions = {}): Promise<RuntimeState> {
    this.state ??= await this.tryOut(options)
    return this.state
  }

  async run(request: SandboxRequest, options: SandboxRunOptions = {}): Promise<SandboxResult> {
    options.signal?.throwIfAborted()
    checkRequest(this.name, request)
    refuseGrants(this.name, request.policy)
    const bytes = componentOf(request)
    if (this.translatorVersion() === undefined) {
      const { reason, remedy } = NOT_INSTALLED
      throw new CodedError('SANDBOX_UNAVAILABLE', { message: reason, details: { runtime: this.name, remedy } })
    }
    const hash = createHash('sha256').update(bytes).digest('hex')
    const translated = this.translations.get(hash)
    const { job: inputs, parts } = encodeInputs(request, this.outside)
    const outcome = await this.runs.run(
      {
        limits: request.policy.limits,
        job: { inputs, ...noteOf(translated) },
        parts: [...(translated?.files ?? [bytes]), ...parts],
        onKept: (note, files) => this.keep(hash, { note, files }),
      },
      options,
    )
    return { runtime: this.name, code: undefined, signal: undefined, ...outcome }
  }

  async close(): Promise<void> {
    await this.runs.close()
  }

  private async tryOut(options: SandboxRunOptions): Promise<RuntimeState> {
    const version = this.translatorVersion()
    if (version === undefined) return NOT_INSTALLED
    const bytes = Buffer.from(PROBE_BASE64, 'base64')
    return await probeHosted(
      this,
      { program: { kind: 'component', bytes, call: 'add', args: PROBE_ARGS }, version },
      options,
    )
  }

  /** What a host says of a component is believed for that component alone. */
  private keep(hash: string, { note, files }: { note: JsonValue; files: readonly Uint8Array[] }): void {
    const { imports, names } = note as unknown as Partial<TranslatedComponent>
    if (!isNames(imports) || !isNames(names) || names.length !== files.length)
      throw new SyntaxError('A translation that is none')
    this.translations.put(hash, { imports, names, files })
  }
}

const NOT_INSTALLED = {
  works: false,
  reason: `The package ${TRANSLATOR} is not installed.`,
  remedy: `Run \`npm install ${TRANSLATOR}\`.`,
} as const

function componentOf({ program, files = [], filesOut = [] }: SandboxRequest): Uint8Array {
  if (files.length > 0 || filesOut.length > 0) refuse('a component has no files: give it arguments or standard input')
  const bytes = program.kind === 'component' ? program.bytes : new Uint8Array()
  if (bytes.byteLength > COMPONENT_BYTES_MAX) refuse(`a component has at most ${COMPONENT_BYTES_MAX} bytes`)
  if (COMPONENT_HEAD.some((byte, index) => bytes[index] !== byte)) refuse('the bytes are no component')
  return bytes
}

function refuse(message: string): never {
  throw new CodedError('SANDBOX_PROGRAM_INVALID', { message })
}

function noteOf(translated: TranslatedComponent | undefined): { readonly [name: string]: JsonValue } {
  return translated === undefined ? {} : { translated: { imports: translated.imports, names: translated.names } }
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
