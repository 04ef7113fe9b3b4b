import { textPart } from '../../../src/node/a2a/filed-task.ts'
import {
  decodePaidInput,
  decodePaidOutput,
  encodePaidInput,
  encodePaidOutput,
} from '../../../src/node/a2a/payment/task-documents.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand } from './by-hand.ts'

const PARTS = [
  textPart('Good day'),
  { ...textPart(''), content: { $case: 'data' as const, value: { n: 1.5, list: [] } } },
]

/** Documents of paid tasks. */
export const A2A_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'node/a2a/payment/task-documents:decodePaidInput',
    kind: 'bytes',
    inputs: [encodePaidInput({ taskId: 't', skill: 'route', parts: PARTS })],
    read: (input) => decodePaidInput(Uint8Array.from(input as Uint8Array)),
    recheck: (result) => {
      const read = result as ReturnType<typeof decodePaidInput>
      if (read === undefined) return undefined
      const again = decodePaidInput(encodePaidInput(read))
      return again?.taskId === read.taskId && again.parts.length === read.parts.length
        ? undefined
        : 'it is not read back'
    },
  }),
  byHand({
    name: 'node/a2a/payment/task-documents:decodePaidOutput',
    kind: 'bytes',
    inputs: [encodePaidOutput({ taskId: 't', artifacts: [{ artifactId: 'a', name: 'Answer', parts: PARTS }] })],
    read: (input) => decodePaidOutput(Uint8Array.from(input as Uint8Array)),
    recheck: (result) => {
      const read = result as ReturnType<typeof decodePaidOutput>
      if (read === undefined) return undefined
      const again = decodePaidOutput(encodePaidOutput(read))
      return again?.artifacts.length === read.artifacts.length ? undefined : 'it is not read back'
    },
  }),
]
