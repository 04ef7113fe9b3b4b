import { CodedError } from '../../base/errors.ts'

/** An address and the reason that follows it, as libp2p lists those that it could not have; lines of a stack begin otherwise. */
const REASON = /^\s*(\/(?:ip4|ip6|dns4|dns6|dns|unix|p2p)\/\S+): (?:[A-Za-z]*Error: )?(.+)$/

/** What nobody can act on who only named addresses: libp2p's settings and its stacks stay in the cause. */
export function listenFailure(wanted: readonly string[], cause: unknown): CodedError {
  const lines = cause instanceof Error ? cause.message.split('\n') : []
  const reasons = lines.flatMap((line) => {
    const [, address = '', reason = ''] = REASON.exec(line) ?? []
    return address === '' ? [] : [`${address}: ${reason}`]
  })
  const [first = 'not to be had'] = lines
  const message = reasons.length > 0 ? reasons.join('; ') : `${wanted.join(', ')}: ${first}`
  return new CodedError('NETWORK_LISTEN_FAILED', { message, cause })
}
