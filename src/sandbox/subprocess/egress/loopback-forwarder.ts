/**
 * A program of its own: `node loopback-forwarder.js SOCKET PORT`. It runs in the network namespace of a sandbox, where there is nothing but a loopback, and in no other namespace of it, so that
 * the sandbox needs no such program and cannot touch this one. What comes to the port goes to the socket, which is the broker's, byte for byte. It ends when whoever holds its descriptor 3 ends.
 */
import { connect, createServer, Socket } from 'node:net'

const CONNECTIONS_MAX = 64
const HOLDER = 3

const [, , socketPath, port] = process.argv
if (socketPath === undefined || port === undefined) throw new TypeError('a socket and a port are needed')

// Half of a connection may end before the other: a request is over, and its answer is still to come.
const server = createServer({ allowHalfOpen: true }, (inner) => {
  const outer = connect({ path: socketPath, allowHalfOpen: true })
  inner.pipe(outer)
  outer.pipe(inner)
  inner.on('error', () => outer.destroy())
  outer.on('error', () => inner.destroy())
})
server.maxConnections = CONNECTIONS_MAX
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))

const holder = new Socket({ fd: HOLDER, readable: true, writable: false })
holder.on('close', () => process.kill(process.pid, 'SIGKILL'))
holder.resume()
