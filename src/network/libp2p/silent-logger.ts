import type { ComponentLogger, Logger } from '@libp2p/interface'

/**
 * libp2p writes no log of its own: what matters is told by errors and counters, and its log names addresses and, where somebody asks for it, keys. It is
 * faster too, since each frame of the multiplexer would be described.
 */
export function createSilentLogger(): ComponentLogger {
  const ignore = (): void => {}
  const logger: Logger = Object.assign(ignore, { error: ignore, trace: ignore, enabled: false, newScope: () => logger })
  return { forComponent: () => logger }
}
