/**
 * `node outpost-process.ts ENDS`: what the harness has inside the network namespace of a party. It holds all ends of wires that are there. `ENDS` is a JSON document `{in, out}`: where
 * the party connects (`in`) it takes TCP connections and leads them, with the faults that it is told of, to a Unix socket; where it listens (`out`) it leads what comes out of one on to
 * TCP. And it asks the party's node what its commands ask. A line of stdin is an `Order`, answered by a line `{id, answer}`.
 */
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { FaultyLink } from './faulty-link.ts'
import type { ControlQuestion, Order, WireEnds } from './outpost.ts'

const { in: ins, out: outs } = JSON.parse(process.argv[2] ?? '') as WireEnds
const links = new Map<string, FaultyLink>()
process.stdin.once('end', () => process.exit(0))
for (const { wire, host, port, path, seed } of ins) {
  const link = new FaultyLink({ listen: { host, port }, target: path, seed })
  await link.start()
  links.set(wire, link)
}
for (const { path, host, port } of outs) await leadOut(path, { host, port })
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, order } = JSON.parse(line) as { readonly id: number; readonly order: Order }
  obey(order).then(
    (answer) => console.log(JSON.stringify({ id, answer })),
    (error: unknown) => console.log(JSON.stringify({ id, answer: { error: String(error) } })),
  )
})
console.log('{"ready":true}')

async function obey(order: Order): Promise<unknown> {
  if (order.kind === 'ask') return await ask(order)
  const link = links.get(order.wire)
  if (order.fault === undefined) link?.heal()
  else link?.fault(order.fault)
  return {}
}

async function ask({ url, token, body, timeoutMs }: ControlQuestion): Promise<unknown> {
  const response = await fetch(`${url}/control/market`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-kernell-control': token },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  })
  return await response.json()
}

async function leadOut(path: string, to: { readonly host: string; readonly port: number }): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ ...to, noDelay: true, allowHalfOpen: true })
    near.pipe(far)
    far.pipe(near)
    near.on('error', () => far.resetAndDestroy())
    far.on('error', () => near.destroy())
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}
