import type { SandboxLimits } from '../../core/sandbox/sandbox-policy.ts'
import type { SandboxEnd } from '../../ports/sandbox-runtime.ts'
import type { HostProgram, ProgramExit } from './host-program.ts'
import { RunEnding } from './run-ending.ts'

export type Supervision = {
  readonly program: HostProgram
  readonly limits: Pick<SandboxLimits, 'wallMs'>
  readonly signal?: AbortSignal | undefined
  /** Hears once how the run can be ended from outside: by output that is too much. */
  readonly onEnding?: (ending: RunEnding) => void
  /** Looks at what is used so far, every few milliseconds. @returns The limit that it came to. */
  readonly look?: (() => SandboxEnd | undefined) | undefined
  /** Kills all of it. */
  readonly stop: () => void
}

export type Supervised = { readonly reason: SandboxEnd; readonly exit: ProgramExit; readonly wallMs: number }

const LOOK_EVERY_MS = 10

/** Waits for a program's end, and ends it where it comes to a limit. Time counts from now. */
export async function superviseProgram({
  program,
  limits: { wallMs },
  signal,
  onEnding,
  look,
  stop,
}: Supervision): Promise<Supervised> {
  const start = performance.now()
  const ending = new RunEnding({ wallMs, signal, stop })
  onEnding?.(ending)
  const looks = setInterval(() => {
    const reason = look?.()
    if (reason !== undefined) ending.end(reason)
  }, LOOK_EVERY_MS)
  try {
    const exit = await program.ended
    return { reason: ending.settle('exited'), exit, wallMs: performance.now() - start }
  } finally {
    clearInterval(looks)
  }
}
