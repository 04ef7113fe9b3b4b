import { connect } from 'node:net'
import { CodedError } from '../base/errors.ts'
import { type HostPattern, parseHostPattern } from '../core/egress/host-pattern.ts'
import type { EgressGate, SandboxEgress } from '../ports/sandbox-runtime.ts'
import { Gate } from './egress-gate.ts'
import { reapSockets } from './egress-socket.ts'
import type { Dial, EgressLimits } from './egress-way.ts'
import { lookupOf, type ResolveHost } from './pin-host.ts'
import { createDnsResolver } from './resolve-host.ts'

export type EgressBrokerComponents = {
  /** Default: the domain name system. */
  readonly resolve?: ResolveHost
  /** Default: a connection by TCP. */
  readonly dial?: Dial
}

export type EgressBrokerInit = Partial<EgressLimits> & {
  /** Where folders of sockets are made; the path of a socket must not be longer than about 100 bytes. Default: the folder for temporary files. */
  readonly folder?: string
  /** Hosts, as policies name them, that may lead into private networks; a policy has to name them too. Link-local and other special addresses stay out of reach. Default: none. */
  readonly privateHosts?: readonly string[]
  /** Gates at one time. Default 256. */
  readonly gatesMax?: number
}

export const EGRESS_DEFAULTS: EgressLimits & { readonly gatesMax: number } = {
  gatesMax: 256,
  connectionsMax: 64,
  requestsMax: 10_000,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  lifetimeMs: 3_600_000,
}

/** The way out of sandboxes, each by a gate of its own. */
export type EgressBroker = SandboxEgress &
  AsyncDisposable & {
    /** Closes every gate. Idempotent; what is opened later is refused. */
    close(): Promise<void>
  }

/** Creates the broker. Throws `RangeError` for an entry of `privateHosts` that is none. */
export function createEgressBroker(components: EgressBrokerComponents = {}, init: EgressBrokerInit = {}): EgressBroker {
  const { folder, privateHosts = [], ...rest } = init
  const limits = { ...EGRESS_DEFAULTS, ...rest }
  const { resolve = createDnsResolver(), dial = dialByTcp } = components
  const privatePatterns = privateHosts.map((text) => {
    const pattern = parseHostPattern(text)
    if (pattern === undefined) throw new RangeError('A private host is a name or an address, and a port, or *.name')
    return pattern
  })
  // What a process that was killed left goes with the next start, whether that one opens a gate or not.
  const reaped = reapSockets(folder)
  const gates = new Set<Gate>()
  let isClosed = false
  const open: SandboxEgress['open'] = async ({ hosts, bytesMax }) => {
    if (isClosed || gates.size >= limits.gatesMax)
      throw new CodedError('SANDBOX_BUSY', { message: 'No further way out can be opened' })
    if (!Number.isSafeInteger(bytesMax) || bytesMax < 0) throw new RangeError('bytesMax is a whole number of bytes')
    const gate = new Gate({ patterns: hosts.map(parseHost), privatePatterns, bytesMax, limits, resolve, dial, folder })
    gates.add(gate)
    try {
      await gate.listen()
    } catch (error: unknown) {
      gates.delete(gate)
      throw error
    }
    return handleOf(gate, () => gates.delete(gate))
  }
  const close = async (): Promise<void> => {
    isClosed = true
    await reaped
    await Promise.all([...gates].map(async (gate) => await gate.close()))
    gates.clear()
  }
  return { open, close, [Symbol.asyncDispose]: close }
}

function handleOf(gate: Gate, onClosed: () => void): EgressGate {
  return {
    socketPath: gate.socketPath,
    requests: gate.requests,
    async close() {
      await gate.close()
      onClosed()
    },
  }
}

function parseHost(text: string): HostPattern {
  const pattern = parseHostPattern(text)
  if (pattern !== undefined) return pattern
  throw new CodedError('SANDBOX_POLICY_INVALID', {
    message: `network.hosts names ${JSON.stringify(text.slice(0, 300))}, which is neither a host, a host and port, nor *.domain`,
  })
}

const dialByTcp: Dial = ({ host, port, addresses }) =>
  connect({ host, port, lookup: lookupOf(async () => await Promise.resolve(addresses)) })
