import { isHttp2, type Request, type Response } from './exchange.ts'

/** Who is told of it, once. */
export interface DisconnectOwner {
  onGone(): void
}

/** On the response, so that ten thousand of them share one listener. */
const OWNER: unique symbol = Symbol('owner')
type Watched = Response & { [OWNER]?: DisconnectOwner | undefined }

/**
 * Calls `owner.onGone` once, when nothing can reach the client any more: it left, was cut off, or the response has ended
 * and is through. At once when that has happened already.
 *
 * Only the response tells: a request's 'close' comes as soon as its body was parsed, and its 'aborted' never after
 * that. A request pipelined behind another response has no socket yet, and before Node 24 its response's 'close' is
 * lost when the connection dies: then the connection itself is watched.
 */
export function watchDisconnect(req: Request, res: Watched, owner: DisconnectOwner): void {
  if (isGone(req, res)) {
    owner.onGone()
    return
  }
  res[OWNER] = owner
  res.on('close', onClose)
  if (isHttp2(res) || res.socket !== null) return
  const { socket } = req
  const gone = () => onClose.call(res)
  socket.on('close', gone)
  res.on('close', () => socket.off('close', gone))
}

function onClose(this: Watched): void {
  const owner = this[OWNER]
  this[OWNER] = undefined
  owner?.onGone()
}

/** The client left while the app was still busy with something else, and 'close' has been emitted to nobody. */
function isGone(req: Request, res: Response): boolean {
  if (isHttp2(res)) return res.stream.destroyed || res.stream.closed
  return res.destroyed || res.closed || req.socket.destroyed
}
