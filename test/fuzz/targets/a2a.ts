import { CodedError } from '../../../src/base/errors.ts'
import { textPart } from '../../../src/node/a2a/filed-task.ts'
import {
  decodePaidInput,
  decodePaidOutput,
  encodePaidInput,
  encodePaidOutput,
} from '../../../src/node/a2a/payment/task-documents.ts'
import { readToolNames } from '../../../src/router/tools/tool-names.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand } from './by-hand.ts'

const PARTS = [
  textPart('Good day'),
  { ...textPart(''), content: { $case: 'data' as const, value: { n: 1.5, list: [] } } },
]

/** Documents of paid tasks, and names of tools that agents give. */
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
  byHand({
    name: 'router/tools/tool-names:readToolNames',
    kind: 'json',
    inputs: [['notes/echo', 'notes', 'a2a:translator/translate', 'a2a:translator']],
    read: (input) => {
      const names = Array.isArray(input) ? input.map(String) : []
      try {
        return readToolNames(names)
      } catch (error) {
        if (CodedError.is(error, 'REQUEST_INVALID')) return undefined
        throw error
      }
    },
  }),
]
