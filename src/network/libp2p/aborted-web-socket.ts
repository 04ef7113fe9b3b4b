import type { MultiaddrConnection } from '@libp2p/interface'

/** A WebSocket of Node, which can be ended at once, or of a page, which can only be closed. */
type EndedSocket = { close(): void; terminate?: () => void }
/** What libp2p's own class has. */
type WebSocketConnection = { readonly websocket?: EndedSocket; sendReset?: () => void }

/**
 * Has the WebSocket below a connection end with it. libp2p closes that of an aborted connection with the code 1006, which nobody may give, so that it stays open: whoever is
 * refused, cut off or too slow would keep it, and nobody would count it.
 */
export function endWhenAborted(connection: MultiaddrConnection): void {
  const over = connection as WebSocketConnection
  const { websocket } = over
  if (websocket === undefined) return
  over.sendReset = () => {
    if (websocket.terminate === undefined) websocket.close()
    else websocket.terminate()
  }
}
