/** What receives bytes from the other side, as far as libp2p's own classes show it. */
type Receiver = { readonly abort: (error: Error) => void }
type Receiving = Receiver & { onData?: (data: { readonly byteLength: number }) => void }

export type EarlyBytesInit = {
  readonly bytesMax: number
  readonly isChosen: () => boolean
  /** Told of whatever comes beyond. */
  readonly onFlood?: () => void
}

/**
 * Lets the other side send so many bytes until a protocol was chosen, and ends what they came over when there are more. Whoever chooses reads the length of a name byte by
 * byte, for as long as the bytes make none, in a time that grows with the square of their number (`lpStream` of libp2p): four megabytes of them kept a node from everything
 * else for twelve seconds, without a key.
 */
export function limitEarlyBytes(receiver: Receiver, { bytesMax, isChosen, onFlood }: EarlyBytesInit): void {
  const receiving: Receiving = receiver
  const give = receiving.onData?.bind(receiver)
  if (give === undefined) return
  let left = bytesMax
  receiving.onData = (data) => {
    if (!isChosen()) left -= data.byteLength
    if (left >= 0) give(data)
    else {
      receiver.abort(new Error('Too much was sent before a protocol was chosen'))
      onFlood?.()
    }
  }
}
