import { isHttp2, type Request, type Response } from './exchange.ts'

/**
 * Calls `onGone` once, when nothing can reach the client any more: it left, was cut off, or the response has ended
 * and is through. At once when that has happened already.
 *
 * Only the response tells: a request's 'close' comes as soon as its body was parsed, and its 'aborted' never after
 * that. A request pipelined behind another response has no socket yet, and before Node 24 its response's 'close' is
 * lost when the connection dies: then the connection itself is watched.
 */
export function watchDisconnect(req: Request, res: Response, onGone: () => void): void {
  if (isGone(req, res)) {
    onGone()
    return
  }
  const connection = !isHttp2(res) && res.socket === null ? req.socket : undefined
  const gone = () => {
    res.off('close', gone)
    connection?.off('close', gone)
    onGone()
  }
  res.on('close', gone)
  connection?.on('close', gone)
}

/** The client left while the app was still busy with something else, and 'close' has been emitted to nobody. */
function isGone(req: Request, res: Response): boolean {
  if (isHttp2(res)) return res.stream.destroyed || res.stream.closed
  return res.destroyed || res.closed || req.socket.destroyed
}
