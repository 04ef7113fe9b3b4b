import type { Server } from 'node:http'
import { CodedError } from '../../base/errors.ts'

/** Opens the listener. Throws `GATEWAY_LISTEN_FAILED`. */
export function openListener(server: Server, address: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is in use' : (cause.code ?? cause.message)
      reject(
        new CodedError('GATEWAY_LISTEN_FAILED', {
          message: `Cannot listen on ${address.host}:${address.port}: ${why}`,
          cause,
        }),
      )
    }
    server.once('error', fail)
    server.listen({ ...address, backlog: 1_024 }, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** The address as this machine can open it: a wildcard listener is named by its loopback address. */
export function formatUrl(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (host === '::') return `http://[::1]:${port}`
  return host.includes(':') ? `http://[${host.replace(/^\[|\]$/g, '')}]:${port}` : `http://${host}:${port}`
}
