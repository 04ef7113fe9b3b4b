/** One stream of bytes to another node, as a connection sees it: a socket, a pipe, a stream of a multiplexer. */
export type ByteChannel = {
  /** Takes bytes for sending; never throws. What cannot be sent ends the channel, which then tells `onEnd`. */
  send(bytes: Uint8Array): void
  /** Bytes that were taken and are not on their way yet. */
  readonly waitingBytes: number
  /** Idempotent. */
  close(): void
}
