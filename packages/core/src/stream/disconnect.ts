import type { Socket } from 'node:net'
import { isHttp2, type Request, type Response } from './exchange.ts'

/** Whether the client left while the app was busy with something else, and nobody heard the response's 'close'. */
export function isGone(req: Request, res: Response): boolean {
  if (isHttp2(res)) return res.stream.destroyed || res.stream.closed
  return res.destroyed || res.closed || req.socket.destroyed
}

/** Of each connection: the listeners of its pipelined responses. */
const pipelined = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `onClose` when the connection of a pipelined response dies. It has no socket until it is its turn, and before
 * Node 24 it emits no 'close' until then. One listener for all responses of a connection: Node warns of more than ten.
 *
 * @returns stops listening
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
