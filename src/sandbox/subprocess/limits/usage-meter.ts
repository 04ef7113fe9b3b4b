/** What all processes of a run use together. */
export type UsageSample = {
  readonly cpuMs: number
  readonly memoryBytesPeak: number
  /** The kernel refused memory, or ended one for it. */
  readonly isOutOfMemory: boolean
  /** It wanted more processes than it may have. */
  readonly isOutOfProcesses: boolean
}

export interface UsageMeter {
  /** Looks; after the run's end it is told for the last time what can be told. */
  sample(): UsageSample
}
