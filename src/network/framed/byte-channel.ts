import type { Did } from '../../core/evidence/names.ts'

/** One stream of bytes to another node, as a connection sees it: a socket, a pipe, a stream of a multiplexer. */
export type ByteChannel = {
  /** Whose channel it is, where opening it has proved that already; absent where the two sides prove it to each other in frames. */
  readonly peer?: Did
  /** Takes bytes for sending; never throws. What cannot be sent ends the channel, which then tells `onEnd`. */
  send(bytes: Uint8Array): void
  /** Bytes that were taken and are not on their way yet; `onDrain` is told when there are none left. */
  readonly waitingBytes: number
  /** The other side asked something, or took it back. A channel may read no further for a while when that comes too fast. */
  questionTaken?(): void
  /** Idempotent. What was taken is still sent. */
  close(): void
}

/** What is told of a channel by whoever owns it. */
export type ChannelEvents = {
  readonly onBytes: (chunk: Uint8Array) => void
  readonly onDrain: () => void
  readonly onEnd: (cause: unknown) => void
}
