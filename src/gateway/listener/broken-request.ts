import type { Socket } from 'node:net'

/** What the parser of HTTP could not read has no request: the answer is written on the bare connection, which is then closed. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, message } = describeBroken(error.code)
  const body = JSON.stringify({
    error: { message, type: 'invalid_request_error', param: null, code: 'REQUEST_INVALID' },
  })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function describeBroken(code: string | undefined): { readonly status: string; readonly message: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: '431 Request Header Fields Too Large', message: 'The headers are too large' }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: '408 Request Timeout', message: 'The request did not arrive in time' }
    default:
      return { status: '400 Bad Request', message: 'The request is not valid HTTP/1.1' }
  }
}
