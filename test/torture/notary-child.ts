/**
 * One notary as a process of its own, at a socket: journal and high-water file in DIRECTORY, the set of the tests at SOCKET. It says `O` when it answers, and
 * stops when its standard input ends.
 *
 * usage: notary-child.ts DIRECTORY SOCKET
 */
import { openNotaryAt } from './notary-at.ts'

const [directory = '', socket = ''] = process.argv.slice(2)

const notary = await openNotaryAt({ directory, socket })
process.stdout.write('O\n')
process.stdin.resume()
process.stdin.on('end', () => {
  // What is open ends with it, and the process with that.
  notary.close().catch(() => {})
})
