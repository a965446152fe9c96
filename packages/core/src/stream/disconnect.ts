import type { Socket } from 'node:net'
import { isHttp2, type Request, type Response } from './exchange.ts'

/**
 * Whether the client disconnected while the app was busy, so that the response's 'close' was emitted without a
 * listener.
 */
export function hasDisconnected(req: Request, res: Response): boolean {
  if (isHttp2(res)) return res.stream.destroyed || res.stream.closed
  return res.destroyed || res.closed || req.socket.destroyed
}

/** For each connection: the listeners of its pipelined responses. */
const pipelined = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `onClose` when the connection of a pipelined response dies. Until its turn the response has no socket, and
 * before Node 24 it emits no 'close'. All responses of a connection share one listener, because Node warns of more than
 * ten.
 *
 * @returns a function that stops listening
 */
export function watchPipelined({ socket }: Request, onClose: () => void): () => void {
  const listeners = pipelined.get(socket) ?? new Set()
  if (!pipelined.has(socket)) {
    pipelined.set(socket, listeners)
    socket.once('close', () => {
      for (const listener of listeners) listener()
    })
  }
  listeners.add(onClose)
  return () => listeners.delete(onClose)
}
