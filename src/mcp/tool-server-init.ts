/** How a server is reached. */
export type ToolServerPlace =
  | {
      readonly kind: 'process'
      /** A program and its arguments; no shell reads them. */
      readonly command: string
      readonly args: readonly string[]
      readonly cwd?: string
      /** Names of variables that it is given, beside those that every program needs: HOME, LOGNAME, PATH, SHELL, TERM and USER. */
      readonly environment: readonly string[]
    }
  | {
      readonly kind: 'address'
      readonly url: string
      /** Name of the variable that holds its key. */
      readonly apiKeyEnv?: string
    }

/** One server, as the operator has it. */
export type ToolServerInit = {
  readonly name: string
  readonly place: ToolServerPlace
  /** Tools that may be called at all. */
  readonly tools: readonly string[]
  /** Tools that an agent may call, where it is named: no others, and none that `tools` does not have. */
  readonly agents: Readonly<Record<string, readonly string[]>>
  readonly limits: ToolServerLimits
}

export type ToolServerLimits = {
  /** One call, or one question about what is offered, ms. */
  readonly timeoutMs: number
  /** What one call may bring, bytes of UTF-8. */
  readonly resultBytesMax: number
  /** Calls of one task. */
  readonly callsPerTask: number
}

/** What holds where the operator says nothing. */
export const TOOL_SERVER_LIMITS: ToolServerLimits = { timeoutMs: 30_000, resultBytesMax: 262_144, callsPerTask: 16 }
