import * as http from 'node:http'
import * as http2 from 'node:http2'
import { connect } from 'node:net'
import { resetConnection } from '../../../testing/src/reset-connection.ts'

/** One connection of a client of the soak. */
export interface Wire {
  pause(): void
  resume(): void
  /** Sends an RST, if there is a socket. */
  reset(): void
  halfClose(): void
  close(): void
}

/** What arrives over a connection. */
export interface WireListener {
  onText(text: string): void
  /** The end, in whatever way. `status` is 0 if there was no response. */
  onEnd(status: number): void
}

type Headers = Record<string, string>

/** Opens a connection over HTTP/1.1, with Node's client. */
export function openHttp(method: string, url: string, headers: Headers, listener: WireListener): Wire {
  let status = 0
  const request = http.request(url, { method, headers, agent: false })
  let response: http.IncomingMessage | undefined
  request.on('response', (message) => {
    response = message
    status = message.statusCode ?? 0
    message.setEncoding('utf8')
    message.on('data', (text: string) => listener.onText(text))
    message.on('error', () => {})
  })
  request.on('error', () => {})
  request.on('close', () => listener.onEnd(status))
  request.end()
  return {
    pause: () => void response?.pause(),
    resume: () => void response?.resume(),
    reset: () => void (request.socket ? resetConnection(request.socket) : request.destroy()),
    halfClose: () => void request.socket?.end(),
    close: () => void request.destroy(),
  }
}

/** Sends raw requests: HTTP/1.0, or several at once, of which the last one is followed. */
export function openRaw(port: number, requests: string[], listener: WireListener): Wire {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let heads = 0
  let rest = ''
  let chunked = false
  let isSize = true
  socket.setEncoding('latin1')
  socket.on('data', (text: Buffer | string) => {
    rest += String(text)
    for (;;) {
      if (heads < requests.length || (chunked && isSize && rest.startsWith('HTTP/'))) {
        const end = rest.indexOf('\r\n\r\n')
        if (end < 0) return
        heads++
        chunked = /^transfer-encoding: chunked\r?$/im.test(rest.slice(0, end + 2))
        isSize = true
        // All responses but the last are complete before it.
        const last = heads === requests.length
        const next = last ? end + 4 : rest.indexOf('0\r\n\r\n', end)
        if (next < 0) {
          heads--
          return
        }
        rest = rest.slice(last ? next : next + 5)
        continue
      }
      if (!chunked) {
        listener.onText(rest)
        rest = ''
        return
      }
      // An event stream of this server has no CR: every CRLF belongs to a frame.
      const end = rest.indexOf('\r\n')
      if (end < 0) return
      if (!isSize) listener.onText(rest.slice(0, end))
      isSize = !isSize
      rest = rest.slice(end + 2)
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => listener.onEnd(heads > 0 ? 200 : 0))
  socket.on('end', () => socket.destroy())
  for (const request of requests) socket.write(request, 'latin1')
  return {
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    reset: () => void resetConnection(socket),
    halfClose: () => void socket.end(),
    close: () => void socket.destroy(),
  }
}

/** Opens a connection over HTTP/2, on a separate session. */
export function openHttp2(port: number, path: string, headers: Headers, listener: WireListener): Wire {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  let status = 0
  session.on('error', () => {})
  const stream = session.request({ ':method': 'GET', ':path': path, ...headers })
  stream.setEncoding('utf8')
  stream.on('response', (head) => {
    status = head[':status'] ?? 0
  })
  stream.on('data', (text: string) => listener.onText(text))
  stream.on('error', () => {})
  stream.on('close', () => {
    session.destroy()
    listener.onEnd(status)
  })
  return {
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    reset: () => stream.close(http2.constants.NGHTTP2_CANCEL),
    halfClose: () => session.destroy(),
    close: () => session.destroy(),
  }
}
