import type { ActorEnvironment } from '../../../src/actors/environment.ts'
import type { Transport } from '../../../src/ports/transport.ts'

/** Makes a process of a simulated world one that can be stopped: while it is, nothing in it runs; then everything that was due does, in order. */
export class StopSwitch {
  private waiting: (() => void)[] | undefined

  stop(): void {
    this.waiting ??= []
  }

  resume(): void {
    const waiting = this.waiting ?? []
    this.waiting = undefined
    for (const task of waiting) task()
  }

  environment(inner: ActorEnvironment): ActorEnvironment {
    return {
      ...inner,
      soon: (task) => inner.soon(() => this.run(task)),
      later: (task) => inner.later(() => this.run(task)),
      timers: { schedule: (delayMs, task) => inner.timers.schedule(delayMs, () => this.run(task)) },
    }
  }

  transport(inner: Transport): Transport {
    return {
      did: inner.did,
      get addresses() {
        return inner.addresses
      },
      get connectedPeers() {
        return inner.connectedPeers
      },
      addPeer: (peer, address) => inner.addPeer(peer, address),
      handle: (protocol, handler) =>
        inner.handle(protocol, async (request, options) => {
          await this.running()
          return await handler(request, options)
        }),
      request: async (to, question, options) => {
        try {
          return await inner.request(to, question, options)
        } finally {
          await this.running()
        }
      },
      start: async (options) => await inner.start(options),
      stop: async () => await inner.stop(),
    }
  }

  private run(task: () => void): void {
    if (this.waiting === undefined) task()
    else this.waiting.push(task)
  }

  private async running(): Promise<void> {
    if (this.waiting !== undefined) await new Promise<void>((resolve) => this.waiting?.push(resolve))
  }
}
