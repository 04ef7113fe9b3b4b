import { parentPort } from 'node:worker_threads'

/** The peer: the same work over a bare port. A record, a list of records, or the question for the total. */
type Record = { readonly type: string; readonly third: number }
let count = 0
let sum = 0

parentPort?.on('message', (message: Record | readonly Record[]) => {
  if (Array.isArray(message)) for (const record of message as readonly Record[]) add(record)
  else if ((message as Record).type === 'total') parentPort?.postMessage({ type: 'total', count, sum })
  else add(message as Record)
})

function add({ third }: Record): void {
  count += 1
  sum += third
}
