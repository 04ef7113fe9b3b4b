/** A process with threads that is to end by itself once its system has stopped. */
import * as agents from './thread-agents.ts'
import { createThreadSystem } from './thread-system.ts'

const { system, threads } = createThreadSystem({ usesSharedMemory: process.argv[2] !== 'ports' })
const recorder = system.spawn(agents.recorder, { placement: { worker: 1 } })
const lamp = system.spawn(agents.lamp, { placement: { worker: 2 } })
const vandal = system.spawn(agents.vandal, { placement: { worker: 1 } })
recorder.send({ type: 'note', value: 1 })
lamp.send({ type: 'flip' })
const restarted = new Promise<void>((resolve) => {
  system.onSupervision(({ type, id }) => type === 'actor-restarted' && id === recorder.id && resolve())
})
vandal.send({ type: 'exit' })
await restarted
await threads.move(recorder, 2)
recorder.send({ type: 'note', value: 2 })
console.log(JSON.stringify(await recorder.ask({ type: 'recall' })))
await system.stop()
console.log('stopped')
