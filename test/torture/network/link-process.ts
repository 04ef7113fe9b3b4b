/**
 * `node link-process.ts in HOST PORT UNIX SEED` inside the network namespace of whoever connects: takes TCP connections and leads them, with the faults that stdin names
 * (one JSON document a line, or `heal`), to a Unix socket. `node link-process.ts out UNIX HOST PORT` inside that of whoever listens: leads them on to TCP.
 */
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { FaultyLink, type LinkFault } from './faulty-link.ts'

const [mode, ...words] = process.argv.slice(2)
process.stdin.once('end', () => process.exit(0))
if (mode === 'in') await takeIn(words)
else await leadOut(words)
console.log('ready')

async function takeIn([host = '', port = '', target = '', seed = '']: readonly string[]): Promise<void> {
  const link = new FaultyLink({ listen: { host, port: Number(port) }, target, seed: Number(seed) })
  await link.start()
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'heal') link.heal()
    else link.fault(JSON.parse(line) as LinkFault)
    console.log('done')
  })
}

async function leadOut([path = '', host = '', port = '']: readonly string[]): Promise<void> {
  process.stdin.resume()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true })
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
